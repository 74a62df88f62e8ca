"""Rows of cells as stretches of a file, made where the rows are made and joined elsewhere; plain text by columns."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from ingestion.sample.cells import Cell
from ingestion.sample.habits import Habit
from ingestion.sample.xlsx import Deflated, deflate, rows_xml

Content = bytes | Deflated | list[list[Cell]]
"""A stretch in its format: text, a piece of a sheet, or cells where the format's writer wants them as they are."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring data rows of one sheet and township."""

    township: str
    rows: int
    content: Content
    totals: tuple[int | float, ...]
    """Sums of the columns that the office sums up."""


def text_of(cell: Cell) -> str:
    """A cell in a text file."""
    match cell:
        case None:
            return ""
        case float():
            return f"{cell:.2f}"
        case date():
            return cell.isoformat()
        case _:
            return str(cell)


def _each(cells: Sequence[Cell], write: Callable[[Cell], str]) -> list[str]:
    """`write` of every cell, called once for each different one."""
    if len(set(map(type, cells)) - {type(None)}) > 1:  # 1 and 1.0 are equal and are not written alike
        return [write(cell) for cell in cells]
    known = {cell: write(cell) for cell in dict.fromkeys(cells)}
    return [known[cell] for cell in cells]


def _wrapped(cell: Cell) -> str:
    text = text_of(cell)
    return f'="{text}"' if text else text


def _csv(columns: Sequence[Sequence[Cell]], habit: Habit) -> str:
    # Lines with one cell (titles, footers) are never wrapped.
    write = _wrapped if habit.wraps_cells and len(columns) > 1 else text_of
    target = io.StringIO(newline="")
    lines = zip(*(_each(cells, write) for cells in columns), strict=True)
    csv.writer(target, lineterminator=habit.newline).writerows(lines)
    return target.getvalue()


def _tsv(columns: Sequence[Sequence[Cell]], habit: Habit) -> str:
    lines = zip(*(_each(cells, text_of) for cells in columns), strict=True)
    return "".join(f"{'	'.join(line)}{habit.newline}" for line in lines)


def _html(columns: Sequence[Sequence[Cell]], habit: Habit) -> str:
    def write(cell: Cell) -> str:
        return f"<td>{html.escape(text_of(cell))}</td>"

    lines = zip(*(_each(cells, write) for cells in columns), strict=True)
    return "".join(f"<tr>{''.join(line)}</tr>{habit.newline}" for line in lines)


TEXTS: dict[str, Callable[[Sequence[Sequence[Cell]], Habit], str]] = {"csv": _csv, "tsv": _tsv, "html": _html}


def codec(habit: Habit) -> str:
    """The encoding of what follows the first bytes: a mark stands only there."""
    return habit.encoding.removesuffix("-sig")


def content_of(rows: Sequence[Sequence[Cell]], habit: Habit, first_row: int) -> Content:
    """Rows of equal length in the habit's format, the first of them standing in row `first_row`."""
    match habit.format:
        case "xlsx":
            return deflate(rows_xml(list(zip(*rows, strict=True)), first_row))
        case "xls":
            return [list(row) for row in rows]
        case _:
            return TEXTS[habit.format](list(zip(*rows, strict=True)), habit).encode(codec(habit))
