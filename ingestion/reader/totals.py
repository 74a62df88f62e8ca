"""What a sheet says of itself against what was read: 合计, 小计 and counts in captions (GEN-10, GEN-11)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from ingestion.contract import Column, Kind
from ingestion.normalise.numbers import split_number
from ingestion.normalise.problems import CellProblem, make_finding
from ingestion.normalise.text import as_text, is_blank, nfkc
from ingestion.reader.grid import Grid, cell_at
from ingestion.reader.headers import Layout
from ingestion.reader.words import TOTAL, tight
from ingestion.table import CellValue, Finding

_SMALL = "小计"
_GROUP = re.compile(r"[(（]共?(\d{1,6})(?:户|人|所|名|条|个)[)）]$")
_NO_SUM = re.compile(r"per_capita|percent|rate|ratio|standard|_age|age_|year|grade|_no$|price|minutes_per|distance")
"""Columns whose figures are no parts of a sum."""
_NEAR = Decimal("0.005")
Total = tuple[int, str]


def disagreements(grid: Grid, layout: Layout, data: Sequence[int]) -> list[Finding]:
    """Warnings of the file, for columns whose total is not what the rows add up to, and captions whose count is not
    the number of rows below them. `data` gives the 0-based data rows in order."""
    if not isinstance(grid.rows, list):  # held by column: asking cell by cell would build each row anew
        grid = Grid(grid.sheet, list(grid.rows))
    known = set(data)
    others = [r for r in range(layout.last + 1, len(grid.rows)) if r not in known]
    totals = [(r, word) for r in others if (word := _total_word(grid, r))]
    captions = [(r, int(count)) for r in others if (count := _stated_count(grid, r))]
    if not totals and not captions:
        return []
    said = dict.fromkeys(_wrong_sums(grid, layout, data, totals, [r for r, _ in captions]))
    found = [_finding("合计行与明细不符：{title}", "请核对漏行，或改正合计数", grid, title=title) for title in said]
    spans = _spans(captions, totals, len(grid.rows)) if captions else ()
    wrong = sum(count != _between(data, start, end) for start, end, count in spans)
    if wrong:
        found.append(_finding("有{wrong}处分组标注的数量与下面的行数不符", "请核对漏行，或改正标注", grid, wrong=wrong))
    return found


def _finding(message: str, fix: str, grid: Grid, **values: object) -> Finding:
    where = f"工作表“{grid.sheet}”" if grid.sheet else ""
    return make_finding(
        "S-15", severity="warning", sheet=grid.sheet, row=0, columns=(), message=where + message, fix=fix, **values
    )


def _total_word(grid: Grid, row: int) -> str:
    for cell in grid.rows[row]:
        if isinstance(cell, str) and TOTAL.match(tight(cell)):
            return tight(cell)
    return ""


def _stated_count(grid: Grid, row: int) -> str:
    filled = [cell for cell in grid.rows[row] if not is_blank(cell, nothing_is_blank=False)]
    match = _GROUP.search(nfkc(as_text(filled[0]))) if len(filled) == 1 else None
    return match[1] if match else ""


def _spans(captions: Sequence[tuple[int, int]], totals: Sequence[Total], end: int) -> Iterator[tuple[int, int, int]]:
    """(row of the caption, row where its group ends, stated count). Only captions of rows, not of persons in them."""
    grand = min((r for r, word in totals if _SMALL not in word and captions and r > captions[-1][0]), default=end)
    for (start, count), (after, _) in pairwise([*captions, (grand, 0)]):
        yield start, after, count


def _between(data: Sequence[int], start: int, end: int) -> int:
    return sum(start < r < end for r in data)


def _wrong_sums(
    grid: Grid, layout: Layout, data: Sequence[int], totals: Sequence[Total], captions: Sequence[int]
) -> Iterator[str]:
    grand = [r for r, word in totals if _SMALL not in word]
    small = [r for r, word in totals if _SMALL in word]
    for c, match in layout.matches.items():
        if not _is_summed(match.column):
            continue
        if len(grand) == 1 and _differs(grid, c, data, grand[0]):
            yield match.column.title
        for end in small:
            start = max((r for r in (*small, *captions) if r < end), default=layout.last)
            if _differs(grid, c, [r for r in data if start < r < end], end):
                yield match.column.title


def _is_summed(column: Column) -> bool:
    return column.loaded and column.kind in (Kind.INT, Kind.DECIMAL) and not _NO_SUM.search(column.name)


def _differs(grid: Grid, column: int, rows: Sequence[int], total: int) -> bool:
    """False where anything cannot be read: that is said of the cell itself."""
    stated = cell_at(grid.rows, total, column)
    if is_blank(stated, nothing_is_blank=True):
        return False
    try:
        figures = [_figure(cell_at(grid.rows, r, column)) for r in rows]
        return abs(sum(figures, Decimal(0)) - _figure(stated)) > _NEAR * max(len(rows), 1)
    except CellProblem:
        return False


def _figure(cell: CellValue) -> Decimal:
    return Decimal(0) if is_blank(cell, nothing_is_blank=True) else split_number(cell)[0]
