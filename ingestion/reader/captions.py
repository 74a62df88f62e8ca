"""What a caption in mid-data says of the rows below it: ``新城社区（22户）`` (GEN-11, layout L9)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from ingestion.contract import Column
from ingestion.normalise.regions import name_forms
from ingestion.normalise.text import as_text, is_blank, nfkc
from ingestion.reader.assemble import SheetTable
from ingestion.reader.grid import Grid
from ingestion.reader.headers import Layout
from ingestion.reader.words import TOTAL, tight
from ingestion.reference_data import regions
from ingestion.table import CellValue, RawTable

_COUNT = re.compile(r"[(（][^()（）]*[)）]$")
_LEVELS: Mapping[str, str] = {"township_name": "township", "village_name": "village"}


def named_by_captions(raw: RawTable, parts: Sequence[tuple[Grid, Layout, SheetTable]]) -> RawTable:
    """Empty cells of the columns that the contract lets take it get the place that stands above their rows.

    A caption that is no place of that level, and a total, end what was said before: nothing is guessed.
    """
    columns = [column for column in raw.contract.columns if column.from_caption]
    said: dict[tuple[str, int], dict[str, CellValue]] = {}
    for grid, layout, sheet in parts:
        if columns and sheet.excluded:
            said.update(_said(grid, layout, {row.row for row in sheet.rows}, columns))
    if not said:
        return raw
    rows = tuple(
        replace(row, cells={**row.cells, **_missing(row.cells, said.get((row.sheet, row.row), {}))}) for row in raw.rows
    )
    named = {name for found in said.values() for name in found}
    titles = {column.name: column.title for column in columns if column.name in named}
    return replace(raw, rows=rows, headers=titles | raw.headers)


def _missing(cells: Mapping[str, CellValue], said: Mapping[str, CellValue]) -> dict[str, CellValue]:
    return {name: text for name, text in said.items() if is_blank(cells.get(name), nothing_is_blank=True)}


def _said(
    grid: Grid, layout: Layout, data: set[int], columns: Sequence[Column]
) -> Iterator[tuple[tuple[str, int], dict[str, CellValue]]]:
    """(sheet, row) -> column -> place, of the data rows below a caption."""
    now: dict[str, CellValue] = {}
    for number, cells in enumerate(grid.rows[layout.last + 1 :], layout.last + 2):
        if number in data:
            if now:
                yield (grid.sheet, number), dict(now)
            continue
        filled = [as_text(cell) for cell in cells if not is_blank(cell, nothing_is_blank=False)]
        if len(filled) == 1 and not TOTAL.match(tight(filled[0])):
            now = _below(_COUNT.sub("", "".join(nfkc(filled[0]).split())), now, columns)
        elif filled:
            now = {}


def _below(text: str, now: Mapping[str, CellValue], columns: Sequence[Column]) -> dict[str, CellValue]:
    """What holds below a caption: a village stays within the township that was named before it."""
    levels = [column.name for column in columns if text in _places(_LEVELS[column.name])]
    if levels == ["village_name"]:
        return {**now, "village_name": text}
    return {"township_name": text} if levels == ["township_name"] else {}


@cache
def _places(level: str) -> frozenset[str]:
    found = (region.name for region in regions() if region.level_code == level)
    return frozenset(form for name in found for form in name_forms(name, level))
