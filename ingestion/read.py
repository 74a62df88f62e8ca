"""Reading a delivered file into typed rows: the two steps the rest of intake calls. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hearth.period import Period
from ingestion.contract import Column, Contract, Kind
from ingestion.normalise.codes import find_code
from ingestion.normalise.mapping import mapped
from ingestion.normalise.problems import file_problem
from ingestion.normalise.text import as_text
from ingestion.normalise.typed import type_rows
from ingestion.normalise.units import factor, unit_of
from ingestion.reader.assemble import SheetTable, assemble
from ingestion.reader.decode import decode
from ingestion.reader.delimited import read_delimited
from ingestion.reader.grid import Book, Grid
from ingestion.reader.headers import HeaderIndex, Layout, find_header
from ingestion.reader.markup import read_html, read_xml2003
from ingestion.reader.sniff import FileKind, Limits, sniff
from ingestion.reader.titles import month_of_sheet, months_of_file_name, stated_months, stated_units
from ingestion.reader.workbook import read_xls, read_xlsx
from ingestion.reference_data import code_lists, parameters
from ingestion.table import FileProblem, Finding, RawRow, RawTable, TypedTable


def read_table(data: bytes, file_name: str, contract: Contract, period: Period) -> RawTable:
    """The data rows of a file, by column name, cells as stored.

    `file_name` is asked only for a month it states in words. Raises FileProblem if the file as a whole cannot be
    taken: F-01, F-02, F-05, F-07, F-08, F-10, F-11, S-02, S-08.
    """
    known = parameters(period.last_day)
    limits = Limits(int(known["max_file_mb"]), int(known["max_zip_ratio"]))
    book = _open(data, limits)
    index = HeaderIndex(contract, period)
    found = _matching_sheets(book, contract, index, int(known["header_scan_rows"]))
    months = _check_months(found, file_name, period)
    sheets = [(grid, layout, assemble(grid, layout)) for grid, layout in found]
    table = _join(contract, sheets, book, months)
    if not table.rows:
        raise file_problem("F-08")
    return table


def type_table(raw: RawTable, period: Period, county_code: str) -> TypedTable:
    """The rows as typed columns, identical rows collapsed, with all findings on single cells and keys.

    `county_code` has 6 digits. Raises FileProblem S-16 when a percent column mixes fractions and percentages.
    """
    return type_rows(raw, period, county_code)


def _open(data: bytes, limits: Limits) -> Book:
    kind = sniff(data, limits)
    match kind:
        case FileKind.XLSX:
            return read_xlsx(data)
        case FileKind.XLS:
            return read_xls(data)
        case FileKind.XML2003:
            return read_xml2003(data)
        case FileKind.HTML:
            return read_html(decode(data))
        case FileKind.TEXT:
            return read_delimited(decode(data))


def _matching_sheets(book: Book, contract: Contract, index: HeaderIndex, scan_rows: int) -> list[tuple[Grid, Layout]]:
    """Visible sheets with the contract's header; other sheets are skipped, unless they nearly have it."""
    whole: list[tuple[Grid, Layout]] = []
    partial: list[tuple[Grid, Layout]] = []
    hidden: list[tuple[Grid, Layout]] = []
    for grid in book.grids:
        layout = find_header(grid, contract, index, scan_rows)
        if layout is None:
            continue
        if layout.missing:
            if not grid.is_hidden:
                partial.append((grid, layout))
        elif grid.is_hidden:
            hidden.append((grid, layout))
        else:
            whole.append((grid, layout))
    for grid, layout in hidden:
        if assemble(grid, layout).rows:
            raise file_problem("F-10", message="数据在隐藏的工作表“{sheet}”里", sheet=grid.sheet)
    if not whole:
        if hidden:
            raise file_problem("F-08")
        raise _no_header(partial, contract, index)
    for grid, layout in partial:
        # A township's sheet with one title misspelt must not drop out in silence; a statistics sheet may.
        if len(layout.columns) >= 3 and len(layout.missing) * 2 <= len(layout.columns):
            raise _no_header([(grid, layout)], contract, index)
    return whole


def _no_header(partial: list[tuple[Grid, Layout]], contract: Contract, index: HeaderIndex) -> FileProblem:
    if not partial:
        return file_problem("F-11", message="找不到表头，没有一列与模板“{title}”相同", title=contract.title)
    grid, layout = min(partial, key=lambda entry: (len(entry[1].missing), -len(entry[1].columns)))
    unknown = [text for text in layout.unknown.values() if text]
    hints = []
    for column in layout.missing:
        near = index.suggestion(column, unknown)
        hints.append(f"{column.title}（表中“{near}”是否为该列？）" if near else column.title)
    where = f"工作表“{grid.sheet}”" if grid.sheet else ""
    return file_problem("F-11", message="{where}表头缺少必填列：{missing}", where=where, missing="、".join(hints))


def _check_months(found: Iterable[tuple[Grid, Layout]], file_name: str, period: Period) -> tuple[str, ...]:
    """Months stated by the file. Raises FileProblem F-05 if one of the places that state any names only others."""
    seen: set[str] = set()
    places: list[tuple[str, set[str]]] = [("文件名", months_of_file_name(file_name, period))]
    for grid, layout in found:
        texts = [as_text(cell) for row in grid.rows[: layout.first] for cell in row if cell is not None]
        places.append(("标题", {month for text in texts for month in stated_months(text, period)}))
        sheet_month = month_of_sheet(grid.sheet, period)
        places.append((f"工作表“{grid.sheet}”", {sheet_month} if sheet_month else set()))
    for place, months in places:
        if months and str(period) not in months:
            raise file_problem(
                "F-05",
                message="{place}写的是{months}，与报送月份{period}不一致",
                place=place,
                months="、".join(sorted(months)),
                period=period,
            )
        seen |= months
    return tuple(sorted(seen))


def _join(
    contract: Contract, sheets: list[tuple[Grid, Layout, SheetTable]], book: Book, months: tuple[str, ...]
) -> RawTable:
    headers: dict[str, str] = {}
    mappings: dict[str, dict[str, str]] = {}
    units: dict[str, str] = {}
    negated: set[str] = set()
    title_units: dict[str, str] = {}
    letters: dict[tuple[str, str], str] = {}
    unknown: dict[str, None] = {}
    rows: list[RawRow] = []
    findings: list[Finding] = []
    for grid, layout, sheet in sheets:
        stated = _title_units(grid, layout, sheet, contract)
        for name in sheet.headers:
            if name in headers:
                here = (
                    name in sheet.negated,
                    dict(sheet.mappings.get(name, {})),
                    sheet.units.get(name),
                    stated.get(name),
                )
                there = (name in negated, mappings.get(name, {}), units.get(name), title_units.get(name))
                if here != there:
                    raise file_problem(
                        "S-02",
                        message="各工作表“{header}”的写法或单位不同",
                        fix="请统一各工作表的表头",
                        header=sheet.headers[name],
                    )
                continue
            headers[name] = sheet.headers[name]
            if name in sheet.negated:
                negated.add(name)
            if name in sheet.mappings:
                mappings[name] = dict(sheet.mappings[name])
            if name in sheet.units:
                units[name] = sheet.units[name]
            if name in stated:
                title_units[name] = stated[name]
                headers[name] = f"{sheet.headers[name]}({stated[name]})"
        letters |= {(grid.sheet, name): letter for name, letter in sheet.letters.items()}
        unknown |= dict.fromkeys(sheet.unknown)
        rows += sheet.rows
        findings += sheet.findings
    kept = _filtered(rows, contract, headers, mappings)
    dropped = (
        {(row.sheet, row.row) for row in rows} - {(row.sheet, row.row) for row in kept} if kept is not rows else set()
    )
    return RawTable(
        contract=contract,
        headers=headers,
        negated=frozenset(negated),
        mappings=mappings,
        header_units=units,
        unknown_headers=tuple(unknown),
        rows=tuple(kept),
        excluded_count=sum(sheet.excluded for _, _, sheet in sheets),
        stated_periods=months,
        findings=tuple(finding for finding in findings if (finding.sheet, finding.row) not in dropped),
        title_units=title_units,
        letters=letters,
        is_text=book.is_text,
        is_1904=book.is_1904,
        filtered_count=len(dropped),
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
    rows: list[RawRow], contract: Contract, headers: Mapping[str, str], mappings: Mapping[str, Mapping[str, str]]
) -> list[RawRow]:
    """Of a file that serves two feeds, the rows of this one (layout L12).

    A row whose filter cell is empty or unreadable stays: it will be judged, not lost.
    """
    if contract.row_filter is None or contract.row_filter[0] not in headers:
        return rows
    name, code = contract.row_filter
    codes = code_lists()[_list_of(contract.by_name[name])]
    verdicts: dict[str, bool] = {}

    def is_ours(row: RawRow) -> bool:
        text = as_text(mapped(row.cells.get(name), mappings.get(name, {})))
        if text not in verdicts:
            verdicts[text] = not text or find_code(text, codes) in (None, code)
        return verdicts[text]

    return [row for row in rows if is_ours(row)]


def _list_of(column: Column) -> str:
    if column.code_list is None:
        raise ValueError(f"row filter column [{column.name}] has no code list")
    return column.code_list
