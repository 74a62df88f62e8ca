"""待核对.xlsx: rows of a department whose household is not known, with whom they may mean, for the department's outbox.

Of a candidate stand only the masked number, and the masked name where the sender's own name agrees with it; both come
from the vault, through its one function that logs who asked. Which row is meant is said by sheet and row number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hearth.bucket import bucket
from hearth.database import Role, connect
from ingestion import vault
from ingestion.contract import contracts
from ingestion.own_names import sheet_names
from ingestion.sheet_writer import Book, Layout, Look
from ingestion.workbook import put

FILE_NAME = "待核对.xlsx"
_MOST = 3
"""So many candidates of a row are named."""
_STATUS = {
    "refused": "证件号码有误，这一行没有收进来",
    "no_key": "没有户编号，也没有可用的证件号码",
    "not_in_register": "登记册上没有这个号码",
    "conflict": "户编号与证件号码指向不同的农户",
    "ambiguous": "同一证件号码在登记册上属于两户",
}
_PATH = {"typo": "号码只差一处", "name_village": "同村同名", "two_households": "号码所指的农户"}
_STEPS = (
    "请对照原始证件核对下列各行。候选只供参考，系统不会自动采用。",
    "号码有误的，请在原表（或更正表）中改正后重报；确认无误、确不在登记册上的，不必处理。",
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Whom a row may mean; tokens only."""

    feed_id: str
    sheet: str
    row: int
    status: str
    path: str
    id_number_hash: str | None
    name_hash: str | None
    """Only where the row has the same name."""


def masked_number(number: str) -> str:
    """First and last four characters."""
    return f"{number[:4]}{'*' * (len(number) - 8)}{number[-4:]}" if len(number) > 8 else "*" * len(number)


def masked_name(name: str) -> str:
    """The first character."""
    return name[:1] + "*" * (len(name) - 1)


def _candidates() -> dict[tuple[str, str, str], list[Candidate]]:
    """(department, period, submission) -> candidates of the newest build, by row and rank."""
    found = defaultdict(list)
    with connect(Role.BUILDER) as connection:
        for submission_id, period, *values in connection.execute(
            "select submission_id, period, feed_id, source_sheet, source_row, link_status, path_code,"
            " candidate_id_number_hash, case when 'name' = any(evidence) then candidate_name_hash end"
            " from identity.int_link_suggestion where candidate_rank <= %s"
            " order by submission_id, source_sheet, source_row, candidate_rank",
            [_MOST],
        ):
            candidate = Candidate(*values)
            found[candidate.feed_id.partition(".")[0], period, submission_id].append(candidate)
    return dict(found)


def _read() -> set[tuple[str, str, str]]:
    """(department, period, submission) that the newest build read of its own month."""
    with connect(Role.BUILDER) as connection:
        rows = connection.execute(
            "select split_part(feed_id, '.', 1), period, submission_id from staging.base_ops__build_input"
            " where not is_carried"
        ).fetchall()
    return {(department, period, submission_id) for department, period, submission_id in rows}


def _opened(kind: str, tokens: Sequence[str | None], submission_id: str) -> Mapping[str, str]:
    held = sorted({token for token in tokens if token})
    purpose = f"masked candidates for the sender of {submission_id}"
    return vault.open_values(held, kind, who="hearth link return", purpose=purpose) if held else {}


def _book(submission_id: str, period: str, candidates: Sequence[Candidate]) -> bytes:
    numbers = _opened("id_number", [one.id_number_hash for one in candidates], submission_id)
    names = _opened("person_name", [one.name_hash for one in candidates], submission_id)
    lines: dict[tuple[str, int, str], list[str]] = defaultdict(list)
    for one in candidates:
        parts = [_PATH[one.path]]
        if one.name_hash in names:
            parts.append(masked_name(names[one.name_hash or ""]))
        if one.id_number_hash in numbers:
            parts.append(masked_number(numbers[one.id_number_hash or ""]))
        lines[one.sheet, one.row, one.status].append(" ".join(parts))
    contract = contracts()[candidates[0].feed_id]
    called = sheet_names(contract.department, period, submission_id)
    book = Book()
    sheet = book.sheet("待核对", Layout(widths=(16, 8, 34, 60), frozen_rows=0))
    put(sheet, (f"{contract.title} {period}：有{len(lines)}行不知道属于哪一户（回执号{submission_id}）",), Look.TITLE)
    for number, step in enumerate(_STEPS, 1):
        put(sheet, (f"{number}. {step}",), Look.NOTE)
    sheet.append([])
    put(sheet, ("工作表", "原表行号", "原因", "可能是"), Look.HEAD)
    for (name, row, status), found in lines.items():
        put(sheet, (called.get(name, name), row, _STATUS[status], "\n".join(dict.fromkeys(found))))
    book.end()
    return book.close()


def write_returns() -> list[str]:
    """Put the rows of the newest build that wait for their household into the outboxes; return the keys written.

    One workbook a submission, over the older one: run again, nothing is doubled, and what waits no more is gone.
    """
    keys, waiting = [], _candidates()
    for department, period, submission_id in _read() - waiting.keys():
        (bucket() / "outbox" / department / period / submission_id / FILE_NAME).unlink(missing_ok=True)
    for (department, period, submission_id), candidates in sorted(waiting.items()):
        folder = ("outbox", department, period, submission_id)
        target = bucket().joinpath(*folder)
        target.mkdir(parents=True, exist_ok=True)
        (target / FILE_NAME).write_bytes(_book(submission_id, period, candidates))
        keys.append("/".join((*folder, FILE_NAME)))
    return keys
