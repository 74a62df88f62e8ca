"""Planted rows of one block put in the office's format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter

from ingestion.contract import Column
from ingestion.sample.cells import Cell
from ingestion.sample.habits import Habit
from ingestion.sample.layouts import Row
from ingestion.sample.office_file import Spot
from ingestion.sample.sheets import Stretch, content_of


def by_township(rows: Sequence[Row], habit: Habit) -> list[tuple[str, list[Row]]]:
    """Rows in the stretches in which they will stand: by township where the layout sets townships apart."""
    if not (habit.has_township_sheets or habit.has_township_rows):
        return [("", list(rows))] if rows else []
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.township, []).append(row)
    return list(found.items())


def stretch(township: str, rows: Sequence[Row], spot: Spot, habit: Habit, columns: Sequence[Column]) -> Stretch:
    """The rows' cells in the format; every row learns its sheet and number."""
    for number, row in enumerate(rows, start=spot.first_row):
        row.sheet, row.number = spot.sheet, number
    names = [column.name for column in columns if column.name != "serial_no"]
    serial = [column.name for column in columns].index("serial_no") if len(names) < len(columns) else None
    cells = [row.cells for row in rows]
    columns_of: list[Iterable[Cell]] = [map(itemgetter(name), cells) for name in names]
    if serial is not None:
        columns_of.insert(serial, range(spot.first_serial, spot.first_serial + len(rows)))
    lines = [list(line) for line in zip(*columns_of, strict=True)]
    totals = []
    for name in habit.totals:
        numbers = [row.cells[name] for row in rows]
        totals.append(sum(number for number in numbers if isinstance(number, int | float)))
    return Stretch(township, len(rows), content_of(lines, habit, spot.first_row), tuple(totals))
