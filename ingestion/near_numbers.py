"""Which numbers a refused ID number may have been meant to be: made at intake, for the clear number exists only here.

The check character finds any one wrong digit and any two that changed places, and says nothing of which. So every
number that differs by one such slip and is itself a possible number is kept beside the refused row: as tokens, with the
name and village of the row, that a build may look whom of the register they mean. A suggestion, never a link.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import psycopg
import pyarrow as pa

from ingestion.columns import rows_at
from ingestion.contract import Contract
from ingestion.contract_model import Kind
from ingestion.normalise.ids import AGE_MAX, check_character, full_years
from ingestion.normalise.problems import CellProblem
from ingestion.normalise.text import nfkc, parse_label, parse_name
from ingestion.table import CellValue, Finding, RawTable
from ingestion.vault import Hashed, Sealer

MOST = 35
"""Numbers one slip away: a place has one digit at most that makes the check character right (its weight is no multiple
of 11), and each of the 17 pairs of neighbours can be turned."""
_PROVINCES = frozenset(
    str(code)
    for codes in ((11, 16), (21, 24), (31, 38), (41, 47), (50, 55), (61, 66), (81, 84))
    for code in range(*codes)
) | {"71"}
_SHAPE = re.compile(r"^\d{17}[\dX]")
_UNREAD = frozenset({"R-ALL-01", "R-ALL-02", "R-ALL-03", "S-05"})
"""Rules that refuse a row for its ID number. Of the others than R-ALL-02 only name and village remain."""


@dataclass(frozen=True, slots=True)
class NearNumber:
    """A refused row whose ID number could not be read; tokens only."""

    sheet: str
    row: int
    rule_id: str
    sent_hash: str | None
    """Of the number as sent, where it has the shape of one: a decision knows the row by it."""
    candidate_hash: tuple[str, ...]
    person_name_hash: str | None
    township_name: str | None
    village_name: str | None


def _is_possible(number: str, month_end: date) -> bool:
    try:
        birth = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    is_born = birth <= month_end and full_years(birth, month_end) <= AGE_MAX
    return is_born and number[:2] in _PROVINCES and check_character(number[:17]) == number[17]


def near(number: str, month_end: date) -> tuple[str, ...]:
    """Possible numbers that one wrong digit or one turned pair of neighbours makes into ``number``, in order.

    Empty for a number that is possible as it stands, or has not the shape of one.
    """
    if not _SHAPE.fullmatch(number) or check_character(number[:17]) == number[17]:
        return ()
    found = {number[:17] + check_character(number[:17])}
    for place in range(17):
        found |= {number[:place] + digit + number[place + 1 :] for digit in "0123456789" if digit != number[place]}
        turned = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        if _SHAPE.fullmatch(turned):
            found.add(turned)
    return tuple(sorted(one for one in found if _is_possible(one, month_end)))


def _number(cell: CellValue) -> str | None:
    """The first 18 characters of a cell that has the shape of a number."""
    if not isinstance(cell, str):
        return None
    text = re.sub(r"[\s\-‐‑–—]", "", nfkc(cell).lstrip("'‘’`").strip()).upper()
    found = _SHAPE.match(text)
    return found[0] if found and len(text) in (18, 20, 22) else None


def _read(parse: Callable[[CellValue], str], cell: CellValue) -> str | None:
    """A cell as the contract reads it; None for one that is empty or cannot be read."""
    try:
        return None if cell is None else parse(cell) or None
    except CellProblem:
        return None


def _person_columns(contract: Contract) -> tuple[str | None, str | None]:
    """ID number and name of the person whom a row is about: the first of their kinds."""
    found = {
        kind: next(
            (item.name for item in contract.columns if item.vault_kind == kind and item.kind is not Kind.ID_LIST), None
        )
        for kind in ("id_number", "person_name")
    }
    return found["id_number"], found["person_name"]


def near_numbers(
    raw: RawTable, findings: Iterable[Finding], sealing: Sealer, month_end: date
) -> tuple[tuple[NearNumber, ...], dict[str, Sequence[str]]]:
    """Of the rows refused for the number of their person: what they may mean; and the clear values for the vault."""
    number_column, name_column = _person_columns(raw.contract)
    rules: dict[tuple[str, int], str] = defaultdict(str)
    for finding in findings:
        if finding.severity == "error" and finding.rule_id in _UNREAD and number_column in finding.columns:
            rules[finding.sheet, finding.row] = finding.rule_id
    if number_column is None or not rules:
        return (), {}
    found, values = [], defaultdict[str, dict[str, str]](dict)

    def tokens(kind: str, texts: Sequence[str]) -> tuple[str, ...]:
        made = sealing.tokens(kind, texts)
        values[kind].update(zip(texts, made, strict=True))
        return tuple(made)

    for row in rows_at(raw.rows, list(rules)):
        sent, name = _number(row.cells.get(number_column)), _read(parse_name, row.cells.get(name_column or ""))
        found.append(
            NearNumber(
                row.sheet,
                row.row,
                rules[row.sheet, row.row],
                tokens("id_number", [sent])[0] if sent else None,
                tokens("id_number", near(sent, month_end)) if sent else (),
                tokens("person_name", [name])[0] if name else None,
                _read(parse_label, row.cells.get("township_name")),
                _read(parse_label, row.cells.get("village_name")),
            )
        )
    return tuple(found), {kind: list(texts) for kind, texts in values.items()}


def with_near(entries: Mapping[str, Hashed], values: Mapping[str, Sequence[str]], sealing: Sealer) -> dict[str, Hashed]:
    """What the vault is to hold, with the numbers that were never sent: rotation replaces tokens by clear values."""
    joined = dict(entries)
    for kind, texts in values.items():
        held = entries[kind].values if kind in entries else pa.array([], pa.string())
        both = pa.concat_arrays([held.cast(pa.string()), pa.array(texts, pa.string())]).unique()
        joined[kind] = sealing.hashed(kind, both)
    return joined


def write(connection: psycopg.Connection[tuple[object, ...]], submission_id: str, rows: Sequence[NearNumber]) -> None:
    """Enter them, in the transaction of the rows they belong to."""
    connection.execute("delete from quarantine.near_number where submission_id = %s", [submission_id])
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into quarantine.near_number (submission_id, source_sheet, source_row, rule_id, sent_hash,"
            " candidate_hash, person_name_hash, township_name, village_name)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    submission_id,
                    row.sheet,
                    row.row,
                    row.rule_id,
                    row.sent_hash,
                    list(row.candidate_hash),
                    row.person_name_hash,
                    row.township_name,
                    row.village_name,
                )
                for row in rows
            ],
        )
