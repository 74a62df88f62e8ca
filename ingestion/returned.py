"""Rows that go back to their sender: what they are made of. Pure; how they are kept is `ingestion.quarantine`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from ingestion.columns import rows_at
from ingestion.table import CellValue, Finding, RawRow, RawTable


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a row came back."""

    rule_id: str
    severity: str
    columns: tuple[str, ...]
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class ReturnedCell:
    """A cell under the sender's own header; ``column`` is the canonical name, or None for a column unknown to us."""

    header: str
    column: str | None
    value: CellValue
    """As stored in the sender's file: a number stays a number."""

    @property
    def text(self) -> str:
        return cell_text(self.value)


@dataclass(frozen=True, slots=True)
class ReturnedRow:
    """A rejected row in clear, in the sender's column order."""

    sheet: str
    row: int
    cells: tuple[ReturnedCell, ...]
    reasons: tuple[Reason, ...]


def cell_text(value: CellValue) -> str:
    """A cell as the sender sees it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds") if value.time() != value.time().min else str(value.date())
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def column_order(raw: RawTable) -> list[tuple[str, str]]:
    """(column, header) from left to right as the sender has them; columns without a place of their own come last."""
    places: dict[str, tuple[int, str]] = {}
    for (_, name), letter in raw.letters.items():
        places.setdefault(name, (len(letter), letter))
    last = (9, "")
    return sorted(raw.headers.items(), key=lambda item: places.get(item[0], last))


def faulty_rows(raw: RawTable, findings: Iterable[Finding]) -> Iterator[tuple[RawRow, list[Finding]]]:
    """The rows that an error rejects, in their order, with all that was found on them, errors first."""
    by_address: dict[tuple[str, int], list[Finding]] = defaultdict(list)
    for finding in findings:
        by_address[finding.sheet, finding.row].append(finding)
    faulty = [address for address, found in by_address.items() if any(item.severity == "error" for item in found)]
    for row in rows_at(raw.rows, faulty):
        found = by_address[row.sheet, row.row]
        yield row, sorted(found, key=lambda finding: (finding.severity != "error", finding.rule_id, finding.columns))


def rows_to_return(raw: RawTable, findings: Iterable[Finding]) -> Iterator[ReturnedRow]:
    """The same of a file at hand, as its sender gets them back."""
    order = column_order(raw)
    for row, found in faulty_rows(raw, findings):
        cells = [ReturnedCell(header, name, row.cells.get(name)) for name, header in order]
        cells += [ReturnedCell(header, None, row.extra.get(header)) for header in raw.unknown_headers]
        reasons = (Reason(item.rule_id, item.severity, item.columns, item.message, item.fix) for item in found)
        yield ReturnedRow(row.sheet, row.row, tuple(cells), tuple(reasons))
