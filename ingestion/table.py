"""What passes between the steps of intake: cells as read, rows as typed, and what was found wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import pyarrow as pa

from ingestion.contract import Contract

CellValue = str | int | float | bool | date | datetime | None
"""A cell as its file stores it. Text files give text only; a number in a workbook stays a number (GEN-15)."""


class FileProblem(Exception):  # noqa: N818 - it is the clerk's problem to mend, not a fault of the program
    """The whole file cannot be taken. Carries the catalogue rule and the message for the sender, in Chinese.

    `message` says what is wrong and `fix` what to do; neither holds personal data. `near`: (column, header) pairs of
    which a person should say whether the header means the column. `sheet_names`: as in `RawTable`.
    """

    def __init__(self, rule_id: str, message: str, fix: str) -> None:
        super().__init__(f"{rule_id}: {message}")
        self.rule_id = rule_id
        self.message = message
        self.fix = fix
        self.near: tuple[tuple[str, str], ...] = ()
        self.sheet_names: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of one row (or of one cell of it)."""

    rule_id: str
    stage: str
    severity: str
    """``error`` rejects the row, ``warning`` keeps it, ``info`` only tells."""
    sheet: str
    """Its name where that is understood, else its place: ``工作表2``."""
    row: int
    """1-based row number, as the sender's program shows it."""
    columns: tuple[str, ...]
    """Canonical names of the cells to colour."""
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class RawRow:
    """One data row: canonical column name -> cell as stored."""

    sheet: str
    row: int
    cells: dict[str, CellValue]
    extra: dict[str, CellValue] = field(default_factory=dict)
    """Header -> cell of columns that the contract does not know; handed back, never loaded."""


@dataclass(frozen=True, slots=True)
class RawTable:
    """The data rows of all sheets of a file that carry the contract's header."""

    contract: Contract
    headers: dict[str, str]
    """Canonical name -> header text, for the columns that are there; under it the cell can be sent back and read again.

    A unit from the title rows is put behind it in brackets. Several headers gathered into one column appear as the
    column's title."""
    negated: frozenset[str]
    """Columns whose header states the opposite."""
    mappings: dict[str, dict[str, str]]
    """Column -> mapping of the header variant it came under (empty ones left out)."""
    header_units: dict[str, str]
    """Column -> unit read from its header (万元, %, …)."""
    unknown_headers: tuple[str, ...]
    rows: Sequence[RawRow]
    """Of a large text file held by column (ingestion.columns)."""
    excluded_count: int
    """Footers, subtotals, group rows, notes, blank rows with something in them (S-15)."""
    stated_periods: tuple[str, ...]
    """Months (YYYY-MM) that title rows name (GEN-28)."""
    findings: tuple[Finding, ...] = ()
    title_units: Mapping[str, str] = field(default_factory=dict)
    """Column -> unit that a title row states for it; the unit of a header or of a cell beats it (GEN-22)."""
    letters: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(sheet, column) -> column letter, for addresses such as C7."""
    is_text: bool = False
    """True: the file has no numeric cells of its own (CSV, HTML)."""
    is_1904: bool = False
    """True: day numbers of the workbook count from 1904."""
    filtered_count: int = 0
    """Rows that another feed of the same file takes (the contract's row filter)."""
    sheet_names: Mapping[str, str] = field(default_factory=dict)
    """Of sheets that go by their place: what their sender calls them. For the sender alone."""


@dataclass(frozen=True, slots=True)
class TypedTable:
    """Rows after normalisation. `data` has one row per RawRow of `raw` in the same order; a cell that failed is null.

    `raw` lacks the second and further copies of identical rows; they are counted in its `excluded_count` (S-12).
    """

    raw: RawTable
    data: pa.Table
    """Contract columns (clear values, SQL-like types), then birth_from_id, sex_from_id, age, id_link, <c>_precision."""
    findings: tuple[Finding, ...]
    """All findings so far: those of reading, then those of typing in row order."""
