"""What every file becomes first: sheets of cells, from A1, as stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingestion.table import CellValue

Range = tuple[int, int, int, int]
"""First row, first column, last row, last column; 0-based, inclusive."""


@dataclass(slots=True)
class Grid:
    """One sheet. Rows may differ in length."""

    sheet: str
    rows: list[list[CellValue]]
    """Of a large text file a `TextRows`, which is read like a list and never changed."""
    merged: list[Range] = field(default_factory=list)
    is_hidden: bool = False
    broken: dict[tuple[int, int], str] = field(default_factory=dict)
    """(row, column) of formulas without a stored result and of error values -> its address, as ``C7`` (F-16)."""

    def show(self, texts: Mapping[tuple[int, int], str]) -> None:
        """Put the text that a person sees in place of the figure of a cell."""
        for (row, column), text in texts.items():
            if row < len(self.rows) and column < len(self.rows[row]):
                self.rows[row][column] = text


@dataclass(slots=True)
class Book:
    """All sheets of a file."""

    grids: list[Grid]
    is_text: bool
    """True: every cell is text and numbers have no type of their own (CSV, HTML)."""
    is_1904: bool = False


def address(row: int, column: int) -> str:
    """``(6, 2)`` -> ``C7``."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"


def cell_at(rows: Sequence[list[CellValue]], row: int, column: int) -> CellValue:
    """The cell, None beyond the end of its row."""
    return rows[row][column] if row < len(rows) and column < len(rows[row]) else None
