"""待核对.xlsx: rows of a department whose household is not known, with whom they may mean, for the department's outbox.

Of a candidate stand only the masked number, and the masked name where the sender's own name agrees with it; both come
from the vault, through its one function that logs who asked. Which row is meant is said by sheet and row number.

Rows without a candidate go back, too, and say so: those that name a household, or nothing that could be looked up. Rows
of a person whom the register simply does not list are counted: most of a feed of the whole population are such.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from psycopg import sql

from hearth.bucket import bucket
from hearth.database import Role, connect
from ingestion import vault
from ingestion.contract import contracts
from ingestion.own_names import sheet_names
from ingestion.sheet_writer import Book, Layout, Look, put

FILE_NAME = "待核对.xlsx"
_MOST = 3
"""So many candidates of a row are named."""
_MOST_ROWS = 500
"""So many rows without a candidate are named; of more, only the number is."""
_NOBODY = "没有找到相近的农户"
_STATUS = {
    "refused": "证件号码有误，这一行没有收进来",
    "no_key": "没有户编号，也没有可用的证件号码",
    "not_in_register": "登记册上没有这个号码（也可能那一户的行被退回了）",
    "conflict": "户编号与证件号码指向不同的农户",
    "ambiguous": "同一证件号码在登记册上属于两户",
    "unconfirmed": "证件号码只有15位，姓名与登记册不一致或没有填",
}
_PATH = {
    "typo": "号码只差一处",
    "fifteen_digit": "15位号码所指的人",
    "name_village": "同村同名",
    "two_households": "号码所指的农户",
}
_STEPS = (
    "请对照原始证件核对下列各行。候选只供参考，系统不会自动采用。",
    "号码有误的，请在原表（或更正表）中改正后重报；确认无误、确不在登记册上的，不必处理。",
)


File = tuple[str, str, str]
"""Department, period, submission."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Whom a row may mean; tokens only."""

    sheet: str
    row: int
    status: str
    path: str | None = None
    """None: nobody was found."""
    id_number_hash: str | None = None
    name_hash: str | None = None
    """Only where the row has the same name."""


@dataclass(slots=True)
class Waiting:
    """What of one file waits for its household."""

    feed_id: str
    candidates: list[Candidate] = field(default_factory=list)
    """By row and rank; rows without a candidate behind."""
    unnamed: int = 0
    """Further rows without a candidate that are not named one by one."""
    strangers: int = 0
    """Rows of people whom the register does not list, and that do not say that it does."""


def masked_number(number: str) -> str:
    """First and last four characters."""
    return f"{number[:4]}{'*' * (len(number) - 8)}{number[-4:]}" if len(number) > 8 else "*" * len(number)


def masked_name(name: str) -> str:
    """The first character."""
    return name[:1] + "*" * (len(name) - 1)


def _candidates(found: dict[File, Waiting]) -> None:
    """Add the candidates of the newest build, by row and rank."""
    with connect(Role.BUILDER) as connection:
        for submission_id, period, feed_id, *values in connection.execute(
            "select submission_id, period, feed_id, source_sheet, source_row, link_status, path_code,"
            " candidate_id_number_hash, case when 'name' = any(evidence) then candidate_name_hash end"
            " from identity.int_link_suggestion where candidate_rank <= %s"
            " order by submission_id, source_sheet, source_row, candidate_rank",
            [_MOST],
        ):
            file = feed_id.partition(".")[0], period, submission_id
            found.setdefault(file, Waiting(feed_id)).candidates.append(Candidate(*values))


_ALONE = sql.SQL(
    "select pinned.feed_id, link.period, link.submission_id, link.source_sheet, link.source_row, link.link_status,"
    " link.link_status <> 'not_in_register' or link.has_household_no as is_told"
    " from {} as link"
    " join staging.base_ops__build_input as pinned using (submission_id)"
    " where link.link_status <> 'linked' and not pinned.is_carried and not exists (select"
    " from identity.int_link_suggestion as one where one.submission_id = link.submission_id"
    " and one.source_sheet = link.source_sheet and one.source_row = link.source_row)"
)


def _alone(found: dict[File, Waiting]) -> None:
    """Add the rows of the newest build that reached no household and have no candidate."""
    with connect(Role.BUILDER) as connection:
        tables = connection.execute(
            "select table_name from information_schema.columns where table_schema = 'identity'"
            " and starts_with(table_name, 'int_link__') and column_name = 'has_household_no' order by table_name"
        ).fetchall()
        for (table,) in tables:
            alone = _ALONE.format(sql.Identifier("identity", table))
            counts = sql.SQL(
                "select feed_id, period, submission_id, is_told, count(*) from ({}) as a group by 1, 2, 3, 4"
            )
            for feed_id, period, submission_id, is_told, count in connection.execute(counts.format(alone)):
                file = found.setdefault((feed_id.partition(".")[0], period, submission_id), Waiting(feed_id))
                if is_told:
                    file.unnamed = max(count - _MOST_ROWS, 0)
                else:
                    file.strangers = count
            rows = sql.SQL(
                "select * from ({}) as a where is_told order by submission_id, source_sheet, source_row limit {}"
            )
            for feed_id, period, submission_id, *row, _ in connection.execute(rows.format(alone, _MOST_ROWS)):
                found[feed_id.partition(".")[0], period, submission_id].candidates.append(Candidate(*row))


def _waiting() -> dict[File, Waiting]:
    """What waits, by file; files of which only strangers are left have nothing to ask."""
    found: dict[File, Waiting] = {}
    _candidates(found)
    _alone(found)
    return {file: waiting for file, waiting in found.items() if waiting.candidates}


def _read() -> set[tuple[str, str, str]]:
    """(department, period, submission) that the newest build read of its own month."""
    with connect(Role.BUILDER) as connection:
        rows = connection.execute(
            "select split_part(feed_id, '.', 1), period, submission_id from staging.base_ops__build_input"
            " where not is_carried"
        ).fetchall()
    return {(department, period, submission_id) for department, period, submission_id in rows}


def _opened(kind: str, tokens: Sequence[str | None], submission_id: str, who: str) -> Mapping[str, str]:
    held = sorted({token for token in tokens if token})
    purpose = f"masked candidates for the sender of {submission_id}"
    return vault.open_values(held, kind, who=who, purpose=purpose) if held else {}


def _book(submission_id: str, period: str, waiting: Waiting, who: str) -> bytes:
    candidates = waiting.candidates
    numbers = _opened("id_number", [one.id_number_hash for one in candidates], submission_id, who)
    names = _opened("person_name", [one.name_hash for one in candidates], submission_id, who)
    lines: dict[tuple[str, int, str], list[str]] = defaultdict(list)
    for one in candidates:
        parts = [_NOBODY if one.path is None else _PATH[one.path]]
        if one.name_hash in names:
            parts.append(masked_name(names[one.name_hash or ""]))
        if one.id_number_hash in numbers:
            parts.append(masked_number(numbers[one.id_number_hash or ""]))
        lines[one.sheet, one.row, one.status].append(" ".join(parts))
    contract, count = contracts()[waiting.feed_id], len(lines) + waiting.unnamed
    called = sheet_names(contract.department, period, submission_id)
    book = Book()
    sheet = book.sheet("待核对", Layout(widths=(16, 8, 34, 60), frozen_rows=0))
    put(sheet, (f"{contract.title} {period}：有{count}行不知道属于哪一户（回执号{submission_id}）",), Look.TITLE)
    for number, step in enumerate(_STEPS, 1):
        put(sheet, (f"{number}. {step}",), Look.NOTE)
    if waiting.unnamed:
        put(sheet, (f"没有相近农户的行较多，下面只列前{_MOST_ROWS}行，另有{waiting.unnamed}行没有列出。",), Look.NOTE)
    if waiting.strangers:
        put(
            sheet,
            (f"另有{waiting.strangers}行的人不在登记册上，也没有写户编号，多半不是登记户，不用处理。",),
            Look.NOTE,
        )
    sheet.append([])
    put(sheet, ("工作表", "原表行号", "原因", "可能是"), Look.HEAD)
    for (name, row, status), found in sorted(lines.items()):
        put(sheet, (called.get(name, name), row, _STATUS[status], "\n".join(dict.fromkeys(found))))
    book.end()
    return book.close()


def write_returns(who: str = "hearth link return") -> list[str]:
    """Put the rows of the newest build that wait for their household into the outboxes; return the keys written.

    One workbook a submission, over the older one: run again, nothing is doubled, and what waits no more is gone.
    ``who`` stands in the log of the vault.
    """
    keys, waiting = [], _waiting()
    for department, period, submission_id in _read() - waiting.keys():
        (bucket() / "outbox" / department / period / submission_id / FILE_NAME).unlink(missing_ok=True)
    for (department, period, submission_id), file in sorted(waiting.items()):
        folder = ("outbox", department, period, submission_id)
        target = bucket().joinpath(*folder)
        target.mkdir(parents=True, exist_ok=True)
        (target / FILE_NAME).write_bytes(_book(submission_id, period, file, who))
        keys.append("/".join((*folder, FILE_NAME)))
    return keys
