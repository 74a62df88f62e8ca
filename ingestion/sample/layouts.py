"""Rows on sheets: titles, merged headers, group rows, totals and footers, and where each data row came to stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hearth.period import Period
from ingestion.contract import Column, Contract
from ingestion.sample.cells import Cell
from ingestion.sample.habits import Habit
from ingestion.sample.records import Record

SHEET_NAMES = {"xlsx": "Sheet1", "xls": "Sheet1", "csv": "", "tsv": "", "html": "表1"}
"""What the one sheet is called, by format: text has no sheet, tables of a web page are counted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A planted defect before its address is known."""

    kind: str
    rule_id: str
    column: str


@dataclass(slots=True)
class Row:
    """One data row of the file to be."""

    cells: dict[str, Cell]
    township: str
    is_plain: bool
    faults: list[Fault] = field(default_factory=list)
    sheet: str = ""
    number: int = 0
    """1-based row number on its sheet, as the sender's program shows it; set when laid out."""
    record: Record | None = None
    """What the row was written from."""


@dataclass(slots=True)
class Sheet:
    """Cells from A1 on, row by row, with merged ranges (first row, first column, last row, last column; 1-based)."""

    name: str
    rows: list[list[Cell]] = field(default_factory=list)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)


def fill(template: str, habit: Habit, contract: Contract, period: Period, county: str) -> str:
    """A title, footer or file name with its words put in."""
    sent = period.shift(1)
    return template.format(
        title=contract.title,
        office=contract.department_title,
        county=county,
        year=period.year,
        month=period.month,
        period=period,
        sent=f"{sent.year}年{sent.month}月4日",
        prefix=contract.file_prefixes[habit.prefix],
    )


def _header(sheet: Sheet, habit: Habit, columns: Sequence[Column]) -> None:
    leaves: list[Cell] = [habit.title(column) for column in columns]
    if not habit.groups:
        sheet.rows.append(leaves)
        return
    parents: list[Cell] = list(leaves)
    top = len(sheet.rows) + 1
    names = [column.name for column in columns]
    grouped: set[int] = set()
    for group in habit.groups:
        places = [names.index(name) for name in group.columns]
        if places != list(range(places[0], places[0] + len(places))):
            raise ValueError(f"columns of the header group [{group.title}] do not stand side by side: {group.columns}")
        for place in places:
            parents[place] = group.title if place == places[0] else None
        grouped.update(places)
        sheet.merges.append((top, places[0] + 1, top, places[-1] + 1))
    lower: list[Cell] = [text if place in grouped else None for place, text in enumerate(leaves)]
    sheet.merges.extend((top, place + 1, top + 1, place + 1) for place in range(len(leaves)) if place not in grouped)
    sheet.rows += [parents, lower]


def _total(columns: Sequence[Column], totals: Sequence[str], rows: Sequence[Row]) -> list[Cell]:
    line: list[Cell] = [None] * len(columns)
    line[0] = "合计"
    for place, column in enumerate(columns):
        if column.name in totals:
            numbers = [row.cells[column.name] for row in rows]
            line[place] = round(sum(number for number in numbers if isinstance(number, int | float)), 2)
    return line


def _body(sheet: Sheet, habit: Habit, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    counts = Counter(row.township for row in rows)
    township = ""
    for position, row in enumerate(rows, start=1):
        if habit.has_township_rows and row.township != township:
            township = row.township
            sheet.rows.append([f"{township}（{counts[township]}户）"])
            sheet.merges.append((len(sheet.rows), 1, len(sheet.rows), len(columns)))
        sheet.rows.append([position if column.name == "serial_no" else row.cells[column.name] for column in columns])
        row.sheet, row.number = sheet.name, len(sheet.rows)


def _parts(habit: Habit, rows: Sequence[Row]) -> Iterator[tuple[str, Sequence[Row]]]:
    if not habit.has_township_sheets or not rows:
        yield SHEET_NAMES[habit.format], rows
        return
    for township in dict.fromkeys(row.township for row in rows):
        yield township, [row for row in rows if row.township == township]


def lay_out(
    habit: Habit, contract: Contract, columns: Sequence[Column], rows: Sequence[Row], *, words: tuple[Period, str]
) -> list[Sheet]:
    """The sheets of one file; sets sheet and number of every row. `words`: the month and county the titles state."""
    sheets = []
    for name, part in _parts(habit, rows):
        sheet = Sheet(name)
        for template in habit.titles:
            sheet.rows.append([fill(template, habit, contract, *words)])
            sheet.merges.append((len(sheet.rows), 1, len(sheet.rows), len(columns)))
        _header(sheet, habit, columns)
        _body(sheet, habit, columns, part)
        if habit.totals and part:
            sheet.rows.append(_total(columns, habit.totals, part))
        sheet.rows += [[fill(template, habit, contract, *words)] for template in habit.footers if part]
        sheets.append(sheet)
    return sheets + [Sheet(name) for name in habit.empty_sheets]
