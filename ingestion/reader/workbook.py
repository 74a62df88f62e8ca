"""Excel workbooks, new and old (GEN-04, layouts L1 to L5, L8 to L11)."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from xml.etree.ElementTree import ParseError

import xlrd
from defusedxml.common import DefusedXmlException
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from ingestion.reader.biff import read_workbook, workbook_stream
from ingestion.reader.decode import HAN
from ingestion.reader.faults import xlsx_marks
from ingestion.reader.grid import Book, Grid
from ingestion.reader.guards import Limits
from ingestion.reader.refusals import damaged
from ingestion.table import CellValue

_HEAD = 20
_PLAIN = frozenset({str, int, float, bool, date, datetime})


def read_xlsx(data: bytes) -> Book:
    """All worksheets of an xlsx workbook, hidden ones marked. No formula, link or macro is executed."""
    grids = _calamine(data)
    try:
        marks = xlsx_marks(data)
    except (ParseError, DefusedXmlException, KeyError, ValueError):
        raise damaged() from None
    for grid in grids:
        grid.broken = marks.faults.get(grid.sheet, {})
        grid.show(marks.shown.get(grid.sheet, {}))
        refuse_overlaps(grid)
    return Book(grids, is_text=False, is_1904=marks.is_1904)


def read_xls(data: bytes, limits: Limits | None = None) -> Book:
    """All worksheets of a BIFF workbook. Text that came out without any Han character is read a second way (L8)."""
    records = read_workbook(workbook_stream(data), limits or Limits())
    grids = _calamine(data)
    if not any(_has_han(grid) for grid in grids):
        grids = _recoded(grids) or _second_engine(data)
    for grid, sheet in zip(grids, records.sheets, strict=False):  # by place: the name may have been read another way
        grid.broken = sheet.broken
        grid.show(sheet.shown)
        refuse_overlaps(grid)
    return Book(grids, is_text=False, is_1904=records.is_1904)


@contextmanager
def _silent() -> Iterator[None]:
    """Where the engine stumbles it writes to the error output by itself, and what it writes may quote a cell."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _calamine(data: bytes) -> list[Grid]:
    try:
        with _silent(), CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            return [
                _grid(book.get_sheet_by_name(entry.name), entry.visible != SheetVisibleEnum.Visible)
                for entry in book.sheets_metadata
                if entry.typ == SheetTypeEnum.WorkSheet
            ]
    except CalamineError:
        raise damaged() from None
    except BaseException as problem:
        # The engine is compiled; where it stumbles over a damaged file it throws something that is no Exception.
        if type(problem).__name__ == "PanicException":
            raise damaged() from None
        raise


def refuse_overlaps(grid: Grid) -> None:
    """Merged ranges share no cell, so together they fit into the sheet; a thousand that each cover all of it would be
    filled for ever. Raises FileProblem F-01."""
    width = max(map(len, grid.rows), default=0)
    covered = 0
    for top, left, bottom, right in grid.merged:
        covered += max(min(bottom, len(grid.rows) - 1) - top + 1, 0) * max(min(right, width - 1) - left + 1, 0)
    if covered > len(grid.rows) * width:
        raise damaged()


def _grid(sheet: Any, is_hidden: bool) -> Grid:
    # skip_empty_area=False keeps the empty rows and columns before the first filled cell, so that row numbers and
    # merged ranges are those the sender sees.
    rows: list[list[CellValue]] = [
        row
        if _PLAIN.issuperset(map(type, row)) and "" not in row
        else [value if value.__class__ in _PLAIN and value != "" else _tidy(value) for value in row]
        for row in sheet.to_python(skip_empty_area=False)
    ]
    merged = [(top[0], top[1], bottom[0], bottom[1]) for top, bottom in sheet.merged_cell_ranges or []]
    return Grid(sheet.name, rows, merged, is_hidden)


def _tidy(value: Any) -> CellValue:
    if value == "":
        return None
    return str(value)  # a time of day or a duration: no column wants one, and the text says what stood there


def _has_han(grid: Grid) -> bool:
    return any(isinstance(cell, str) and HAN.search(cell) for row in grid.rows[:_HEAD] for cell in row)


def _recoded(grids: list[Grid]) -> list[Grid] | None:
    """Chinese bytes that an exporter put one by one into a Unicode workbook; None if that is not what happened."""
    try:
        fixed = [
            Grid(_gb18030(g.sheet), [[_gb18030(c) for c in row] for row in g.rows], g.merged, g.is_hidden)
            for g in grids
        ]
    except UnicodeError:
        return None
    return fixed if any(_has_han(grid) for grid in fixed) else None


def _gb18030(cell: Any) -> Any:
    return cell.encode("latin-1").decode("gb18030") if isinstance(cell, str) else cell


def _second_engine(data: bytes) -> list[Grid]:
    """Read an old workbook again with the Chinese code page, whatever code page it claims."""
    try:
        book = xlrd.open_workbook(file_contents=data, encoding_override="gb18030", formatting_info=False)
    except (xlrd.XLRDError, UnicodeError, AssertionError, IndexError, ValueError, KeyError, TypeError, struct.error):
        raise damaged() from None
    grids = []
    for sheet in book.sheets():
        rows = [[_xlrd_cell(sheet.cell(r, c), book.datemode) for c in range(sheet.ncols)] for r in range(sheet.nrows)]
        merged = [(top, left, bottom - 1, right - 1) for top, bottom, left, right in sheet.merged_cells]
        grids.append(Grid(sheet.name, rows, merged, sheet.visibility != 0))
    return grids


def _xlrd_cell(cell: Any, datemode: int) -> CellValue:
    if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK, xlrd.XL_CELL_ERROR) or cell.value == "":
        return None
    if cell.ctype == xlrd.XL_CELL_DATE:
        return xlrd.xldate_as_datetime(cell.value, datemode)  # type: ignore[no-any-return]  # xlrd is untyped
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    return cell.value  # type: ignore[no-any-return]  # xlrd is untyped
