"""Excel workbooks, new and old (GEN-04, layouts L1 to L5, L8 to L11)."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import xlrd
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from ingestion.normalise.problems import file_problem
from ingestion.reader import faults
from ingestion.reader.decode import HAN
from ingestion.reader.grid import Book, Grid
from ingestion.table import CellValue, FileProblem

_HEAD = 20
_PLAIN = frozenset({str, int, float, bool, date, datetime})


def read_xlsx(data: bytes) -> Book:
    """All worksheets of an xlsx workbook, hidden ones marked. No formula, link or macro is executed."""
    grids = _calamine(data)
    broken, is_1904 = faults.xlsx_faults(data)
    for grid in grids:
        grid.broken = broken.get(grid.sheet, {})
    return Book(grids, is_text=False, is_1904=is_1904)


def read_xls(data: bytes) -> Book:
    """All worksheets of a BIFF workbook. Text that came out without any Han character is read a second way (L8)."""
    grids = _calamine(data)
    if not any(_has_han(grid) for grid in grids):
        grids = _recoded(grids) or _second_engine(data)
    try:
        broken, is_1904 = faults.xls_faults(data)
    except ValueError as problem:
        raise _damaged() from problem
    for grid in grids:
        grid.broken = broken.get(grid.sheet, {})
    return Book(grids, is_text=False, is_1904=is_1904)


def _damaged() -> FileProblem:
    return file_problem("F-01", message="文件已损坏，打不开", fix="请在本机打开检查，另存为xlsx后重报")


def _calamine(data: bytes) -> list[Grid]:
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            return [
                _grid(book.get_sheet_by_name(entry.name), entry.visible != SheetVisibleEnum.Visible)
                for entry in book.sheets_metadata
                if entry.typ == SheetTypeEnum.WorkSheet
            ]
    except CalamineError as problem:
        raise _damaged() from problem
    except BaseException as problem:
        # The engine is compiled; where it stumbles over a damaged file it throws something that is no Exception.
        if type(problem).__name__ == "PanicException":
            raise _damaged() from problem
        raise


def _grid(sheet: Any, is_hidden: bool) -> Grid:
    # skip_empty_area=False keeps the empty rows and columns before the first filled cell, so that row numbers and
    # merged ranges are those the sender sees.
    rows: list[list[CellValue]] = [
        [value if value.__class__ in _PLAIN and value != "" else _tidy(value) for value in row]
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
    except (xlrd.XLRDError, UnicodeError, AssertionError, IndexError) as problem:
        raise _damaged() from problem
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
