"""From the sheets of a file to its one table (GEN-04, GEN-22, layouts L10 and L12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ingestion.columns import ColumnRows, cells_of, positions_of, take_rows
from ingestion.contract import Column, Contract, Kind
from ingestion.normalise.codes import find_code
from ingestion.normalise.columns import distinct
from ingestion.normalise.mapping import mapped
from ingestion.normalise.problems import file_problem
from ingestion.normalise.text import as_text
from ingestion.normalise.units import factor, unit_of
from ingestion.reader.assemble import SheetTable
from ingestion.reader.grid import Book, Grid
from ingestion.reader.headers import Layout
from ingestion.reader.titles import stated_units
from ingestion.reference_data import code_lists
from ingestion.table import CellValue, RawRow, RawTable

Part = tuple[Grid, Layout, SheetTable]


@dataclass(frozen=True, slots=True)
class _Sense:
    """How the cells under one header are to be read; it must be the same on all sheets."""

    header: str
    is_negated: bool
    mapping: Mapping[str, str]
    unit: str | None
    title_unit: str | None


def join(contract: Contract, parts: Sequence[Part], book: Book, months: tuple[str, ...]) -> RawTable:
    """One table of all sheets, rows in their order, without the rows of another feed.

    Raises FileProblem S-02 if sheets give one column different meanings or units.
    """
    senses: dict[str, _Sense] = {}
    for grid, layout, sheet in parts:
        stated = _title_units(grid, layout, sheet, contract)
        for name in sheet.headers:
            _agree(senses, name, _sense(sheet, name, stated.get(name)))
    rows = parts[0][2].rows if len(parts) == 1 else [row for _, _, sheet in parts for row in sheet.rows]
    mappings = {name: dict(sense.mapping) for name, sense in senses.items() if sense.mapping}
    kept = _filtered(rows, contract, set(senses), mappings)
    broken = [finding for _, _, sheet in parts for finding in sheet.findings]
    addresses = positions_of(kept, ((finding.sheet, finding.row) for finding in broken))
    return RawTable(
        contract=contract,
        headers={name: sense.header for name, sense in senses.items()},
        negated=frozenset(name for name, sense in senses.items() if sense.is_negated),
        mappings=mappings,
        header_units={name: sense.unit for name, sense in senses.items() if sense.unit is not None},
        unknown_headers=tuple(dict.fromkeys(text for _, _, sheet in parts for text in sheet.unknown)),
        rows=kept if isinstance(kept, ColumnRows) else tuple(kept),
        excluded_count=sum(sheet.excluded for _, _, sheet in parts),
        stated_periods=months,
        findings=tuple(finding for finding in broken if (finding.sheet, finding.row) in addresses),
        title_units={name: sense.title_unit for name, sense in senses.items() if sense.title_unit is not None},
        letters={(grid.sheet, name): letter for grid, _, sheet in parts for name, letter in sheet.letters.items()},
        is_text=book.is_text,
        is_1904=book.is_1904,
        filtered_count=len(rows) - len(kept),
    )


def _sense(sheet: SheetTable, name: str, title_unit: str | None) -> _Sense:
    header = sheet.headers[name] if title_unit is None else f"{sheet.headers[name]}({title_unit})"
    return _Sense(header, name in sheet.negated, sheet.mappings.get(name, {}), sheet.units.get(name), title_unit)


def _agree(senses: dict[str, _Sense], name: str, here: _Sense) -> None:
    there = senses.setdefault(name, here)
    same = (here.is_negated, here.unit, here.title_unit) == (
        there.is_negated,
        there.unit,
        there.title_unit,
    ) and here.mapping == there.mapping
    if not same:
        raise file_problem(
            "S-02",
            message="各工作表“{first}”与“{second}”的写法或单位不同",
            fix="请统一各工作表的表头",
            first=there.header,
            second=here.header,
        )


def _title_units(grid: Grid, layout: Layout, sheet: SheetTable, contract: Contract) -> dict[str, str]:
    """Units of the title rows, for the columns they fit whose own header states none and that they would change."""
    texts = [as_text(cell) for row in grid.rows[: layout.first] for cell in row if cell is not None]
    units = stated_units(texts)
    found: dict[str, str] = {}
    for name in sheet.headers:
        column = contract.by_name[name]
        wanted = unit_of(column)
        if column.kind not in (Kind.INT, Kind.DECIMAL) or wanted is None or name in sheet.units:
            continue
        fitting = [unit for unit in units if factor(unit, wanted) not in (None, 1)]
        if fitting:
            found[name] = fitting[0]
    return found


def _filtered(
    rows: Sequence[RawRow], contract: Contract, present: set[str], mappings: Mapping[str, Mapping[str, str]]
) -> Sequence[RawRow]:
    """Of a file that serves two feeds, the rows of this one (layout L12).

    A row whose filter cell is empty or unreadable stays: it will be judged, not lost.
    """
    if contract.row_filter is None or contract.row_filter.column not in present:
        return rows
    name, code = contract.row_filter.column, contract.row_filter.code
    codes = code_lists()[_list_of(contract.by_name[name])]
    held = distinct(cells_of(rows, name))

    def is_ours(cell: CellValue) -> bool:
        text = as_text(mapped(cell, mappings.get(name, {})))
        return not text or find_code(text, codes) in (None, code)

    ours = np.array([is_ours(cell) for cell in (*held.cells, None)], np.bool_)  # the last one is for empty cells
    flags = ours[held.codes]
    return rows if flags.all() else take_rows(rows, np.flatnonzero(flags))


def _list_of(column: Column) -> str:
    if column.code_list is None:
        raise ValueError(f"row filter column [{column.name}] has no code list")
    return column.code_list
