"""Numbers that a workbook stores as numbers and that are known all the same (GEN-15)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from ingestion.columns import cells_of
from ingestion.table import CellValue, RawTable

Known = Callable[[str, Collection[str]], frozenset[str]]
"""Column (department.feed.column) and numbers -> those of them that the column holds."""

_EXACT = 10**15
"""A double holds every whole number below this exactly; a lost leading zero makes the number an unknown one."""


def restore_known(raw: RawTable, known: Known) -> RawTable:
    """Such cells as text where they equal a known number; the others stay numbers, to be refused (S-05)."""
    if raw.is_text:
        return raw
    for column in raw.contract.columns:
        if column.known_from is None or column.name not in raw.headers:
            continue
        cells = cells_of(raw.rows, column.name)
        # Cells that are all text hold no number, and an Arrow array holds nothing else.
        sent = {text for cell in cells if (text := _whole(cell)) is not None} if isinstance(cells, list) else set()
        found = known(column.known_from, sent) if sent else frozenset()
        if not found:
            continue
        name = column.name
        rows = [
            replace(row, cells=row.cells | {name: text})
            if (text := _whole(row.cells.get(name))) is not None and text in found
            else row
            for row in raw.rows
        ]
        raw = replace(raw, rows=tuple(rows))
    return raw


def _whole(cell: CellValue) -> str | None:
    if isinstance(cell, bool) or not isinstance(cell, int | float) or not 0 <= cell < _EXACT or cell != int(cell):
        return None
    return str(int(cell))
