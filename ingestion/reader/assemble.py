"""From one sheet with a header to data rows by column name (GEN-08, GEN-12, GEN-27, S-02, F-16)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ingestion.columns import ColumnRows, Positions, as_cells
from ingestion.contract import Kind
from ingestion.normalise.mapping import mapped
from ingestion.normalise.problems import file_problem, make_finding
from ingestion.normalise.text import as_text, is_blank
from ingestion.normalise.units import factor, unit_of
from ingestion.reader.body import RowSorter, columns_of, fill_merged
from ingestion.reader.bulk_body import column_rows, filled_counts, sort_rows
from ingestion.reader.grid import Grid, address, cell_at
from ingestion.reader.headers import Layout, Match
from ingestion.reader.text_rows import TextRows
from ingestion.table import CellValue, FileProblem, Finding, RawRow

_MANY = 5_000
"""From so many rows on a sheet is handed on by column."""
_DAMAGED = ("\ufffd", "锟斤拷")


@dataclass(slots=True)
class SheetTable:
    """What one sheet gives to the table of its file."""

    headers: dict[str, str] = field(default_factory=dict)
    negated: set[str] = field(default_factory=set)
    mappings: dict[str, Mapping[str, str]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    letters: dict[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    rows: Sequence[RawRow] = ()
    findings: list[Finding] = field(default_factory=list)
    excluded: int = 0


def assemble(grid: Grid, layout: Layout) -> SheetTable:
    """Data rows of a sheet whose header is complete.

    Raises FileProblem S-02 (two columns of one meaning that differ), S-08 (a unit that cannot be converted), F-07
    (damaged characters in the header).
    """
    _refuse_damaged_header(grid, layout)
    held: object = grid.rows
    if isinstance(held, TextRows):
        whole = _assemble_columns(grid, held, layout)
        if whole is not None:
            return whole
        grid.rows = list(grid.rows)
    fill_merged(grid, layout.last + 1)
    body = RowSorter(grid, layout).sort()
    sheet = SheetTable(excluded=body.excluded)
    single: dict[str, int] = {}
    gathered: dict[str, list[int]] = {}
    for name, found in columns_of(layout):
        if len(found) > 1 and _is_gathered([layout.matches[c] for c in found]):
            gathered[name] = found
        else:
            single[name] = found[0] if len(found) == 1 else _one_of(grid, layout, found, body.rows)
    for name in [name for name, c in single.items() if _is_tick(layout.matches[c])]:
        gathered[name] = [single.pop(name)]
    for name, c in single.items():
        _describe(sheet, layout.matches[c], name)
        sheet.letters[name] = address(0, c)[:-1]
    for name, parts in gathered.items():
        sheet.headers[name] = layout.matches[parts[0]].column.title
        sheet.letters[name] = address(0, parts[0])[:-1]
    unknown = _unknown_columns(grid, layout, body.rows)
    sheet.unknown = tuple(unknown.values())
    places = list(single.items())
    width = max((*layout.matches, *unknown), default=0) + 1
    for r in body.rows:
        row = grid.rows[r]
        row.extend([None] * (width - len(row)))
    if len(body.rows) >= _MANY and not gathered:
        sheet.rows = _by_column(grid, body.rows, places, unknown)
    else:

        def gather(r: int) -> dict[str, CellValue]:
            return {name: _gather(grid, layout, r, parts) for name, parts in gathered.items()}

        sheet.rows = _by_row(grid, body.rows, places, unknown, gather)
    if grid.broken:
        _report_broken(grid, sheet, {c: name for name, c in single.items()}, set(body.rows))
    return sheet


def _by_row(
    grid: Grid,
    numbers: list[int],
    places: list[tuple[str, int]],
    unknown: Mapping[int, str],
    gather: Callable[[int], dict[str, CellValue]],
) -> list[RawRow]:
    rows: list[RawRow] = []
    for r in numbers:
        row = grid.rows[r]
        cells = {name: row[c] for name, c in places} | gather(r)
        extra = {text: row[c] for c, text in unknown.items() if row[c] is not None}
        rows.append(RawRow(grid.sheet, r + 1, cells, extra))
    return rows


def _by_column(grid: Grid, numbers: list[int], places: list[tuple[str, int]], unknown: Mapping[int, str]) -> ColumnRows:
    # zip stops at the shortest row; all of them have the cells that are asked for.
    columns = list(zip(*(grid.rows[r] for r in numbers), strict=False))
    return ColumnRows(
        grid.sheet,
        np.array(numbers, np.int64) + 1,
        {name: as_cells(columns[c]) for name, c in places},
        {text: as_cells(columns[c]) for c, text in unknown.items()},
    )


def _assemble_columns(grid: Grid, rows: TextRows, layout: Layout) -> SheetTable | None:
    """The same of a sheet held by column; None where cells of several columns must be looked at together."""
    places = dict(columns_of(layout))
    if any(len(found) > 1 or _is_tick(layout.matches[found[0]]) for found in places.values()):
        return None
    single = {name: found[0] for name, found in places.items()}
    numbers, excluded = sort_rows(rows, layout, RowSorter(grid, layout))
    sheet = SheetTable(excluded=excluded)
    for name, c in single.items():
        _describe(sheet, layout.matches[c], name)
        sheet.letters[name] = address(0, c)[:-1]
    unknown = _named_columns(layout, len(numbers), *_untitled(rows, layout, numbers))
    sheet.unknown = tuple(unknown.values())
    sheet.rows = column_rows(rows, numbers, grid.sheet, single, unknown)
    return sheet


def _untitled(rows: TextRows, layout: Layout, numbers: Positions) -> tuple[list[int], list[int]]:
    """Columns without a title, and in how many data rows each is filled."""
    uneven = [len(rows.uneven[number]) for number in numbers.tolist() if number in rows.uneven]
    width = max([len(rows.columns), *uneven]) if len(numbers) else 0
    untitled = [c for c in range(width) if c not in layout.unknown and c not in layout.matches]
    filled = filled_counts(rows, numbers, untitled)
    return untitled, [filled[c] for c in untitled]


def _describe(sheet: SheetTable, match: Match, name: str) -> None:
    column = match.column
    sheet.headers[name] = match.text
    if match.header.negate:
        sheet.negated.add(name)
    if match.header.mapping:
        sheet.mappings[name] = match.header.mapping
    wanted = unit_of(column)
    if match.unit is None or wanted is None or column.kind not in (Kind.INT, Kind.DECIMAL):
        return
    if factor(match.unit, wanted) is None:
        raise file_problem(
            "S-08",
            message="“{header}”的单位与模板的“{unit}”不同",
            fix="请换算成{unit}",
            header=match.text,
            unit=column.unit or wanted,
        )
    sheet.units[name] = match.unit


def _refuse_damaged_header(grid: Grid, layout: Layout) -> None:
    for r in range(layout.first, layout.last + 1):
        for c, cell in enumerate(grid.rows[r]):
            if isinstance(cell, str) and any(mark in cell for mark in _DAMAGED):
                raise file_problem(
                    "F-07",
                    message="表头单元格{cell}的字符已损坏",
                    fix="请从业务系统重新导出",
                    cell=address(r, c),
                )


def _one_of(grid: Grid, layout: Layout, places: list[int], rows: list[int]) -> int:
    """The column to read of several with one meaning: all must say the same, or all but one say nothing."""
    columns = [tuple(as_text(cell_at(grid.rows, r, c)) for r in rows) for c in places]
    spoken = [(c, values) for c, values in zip(places, columns, strict=True) if any(values)]
    if len({values for _, values in spoken}) <= 1:
        return spoken[0][0] if spoken else places[0]
    headers = "、".join(f"{layout.matches[c].text}（{address(0, c)[:-1]}列）" for c in places)
    raise _duplicate(headers)


def _duplicate(headers: str) -> FileProblem:
    return file_problem(
        "S-02", message="列名含义相同但内容不同：{headers}", fix="请删除或改名，只保留一列", headers=headers
    )


def _is_gathered(matches: list[Match]) -> bool:
    """Whether several columns of one meaning are read together; the same title twice is not, but in a list."""
    column = matches[0].column
    if column.kind is Kind.CODE_LIST:
        return True
    return column.gathered and len({match.header.text for match in matches}) == len(matches)


def _is_tick(match: Match) -> bool:
    """A column of a list that asks yes or no for one of its codes (产业帮扶 = 是)."""
    return (
        match.column.kind is Kind.CODE_LIST and set(match.header.mapping) <= {"是", "否"} and bool(match.header.mapping)
    )


def _gather(grid: Grid, layout: Layout, row: int, places: list[int]) -> CellValue:
    """Cells of several columns as one: of a list all of them, of a single value the first in the contract's order of
    headers that says something. What cannot be read stays as sent, to be found later."""
    parts: list[str] = []
    column = layout.matches[places[0]].column
    is_list = column.kind is Kind.CODE_LIST
    ordered = places if is_list else sorted(places, key=lambda c: column.headers.index(layout.matches[c].header))
    for c in ordered:
        cell = cell_at(grid.rows, row, c)
        match = layout.matches[c]
        if is_blank(cell, nothing_is_blank=False):
            continue
        said = mapped(cell, match.header.mapping)
        text = as_text(said)
        if text and not is_list:
            return said
        if text:
            parts.append(text)
    return "、".join(parts) or None


def _unknown_columns(grid: Grid, layout: Layout, rows: list[int]) -> dict[int, str]:
    """Columns the contract does not know. One without a title and almost empty is dropped (GEN-07)."""
    width = max((len(grid.rows[r]) for r in rows), default=0)
    filled = [0] * width
    untitled = [c for c in range(width) if c not in layout.unknown and c not in layout.matches]
    for r in rows if untitled else ():
        row = grid.rows[r]
        for c in untitled:
            if c < len(row) and row[c] is not None:
                filled[c] += 1
    return _named_columns(layout, len(rows), untitled, [filled[c] for c in untitled])


def _named_columns(layout: Layout, size: int, untitled: Sequence[int], filled: Sequence[int]) -> dict[int, str]:
    counts = zip(untitled, filled, strict=True)
    named = {c: f"{address(0, c)[:-1]}列（无标题）" for c, count in counts if count and count * 100 >= size}
    return dict(sorted({**layout.unknown, **named}.items()))


def _report_broken(grid: Grid, sheet: SheetTable, names: Mapping[int, str], rows: set[int]) -> None:
    for (r, c), cell in sorted(grid.broken.items()):
        if r in rows and c in names:
            sheet.findings.append(
                make_finding(
                    "F-16",
                    severity="error",
                    sheet=grid.sheet,
                    row=r + 1,
                    columns=(names[c],),
                    message="单元格{cell}是未计算的公式或错误值",
                    cell=cell,
                )
            )
