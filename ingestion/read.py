"""Reading a delivered file into typed rows: the two steps the rest of intake calls. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hearth.period import Period
from ingestion.contract import Contract
from ingestion.normalise.amounts import with_amounts_judged
from ingestion.normalise.problems import file_problem
from ingestion.normalise.text import as_text
from ingestion.normalise.typed import type_rows
from ingestion.reader.assemble import assemble
from ingestion.reader.captions import named_by_captions
from ingestion.reader.grid import Book, Grid
from ingestion.reader.headers import HeaderIndex, Layout, find_header
from ingestion.reader.join import join
from ingestion.reader.opening import limits_of, open_file
from ingestion.reader.settle import claim_by_values, settle
from ingestion.reader.sheet_names import take_names
from ingestion.reader.titles import month_of_sheet, months_of_file_name, stated_months, stated_versions
from ingestion.reader.totals import disagreements
from ingestion.reference_data import parameters
from ingestion.table import FileProblem, Finding, RawTable, TypedTable


def read_table(data: bytes, file_name: str, contract: Contract, period: Period) -> RawTable:
    """The data rows of a file, by column name, cells as stored.

    `file_name` is asked only for a month it states in words. A sheet goes by its name only where that is understood
    (`ingestion.reader.sheet_names`). Raises FileProblem if the file as a whole cannot be
    taken: F-01, F-02, F-05, F-07, F-08, F-10, F-11, S-02, S-04, S-08.
    """
    book = open_book(data, period)
    own = take_names(book.grids, contract, period)
    try:
        return replace(_read_book(book, file_name, contract, period), sheet_names=own)
    except FileProblem as problem:
        problem.sheet_names = own
        raise


def _read_book(book: Book, file_name: str, contract: Contract, period: Period) -> RawTable:
    known = parameters(period.last_day)
    index = HeaderIndex(contract, period)
    found = _matching_sheets(book, contract, index, int(known["header_scan_rows"]))
    months = _check_months(found, file_name, period)
    _check_version(found, contract)
    for grid, layout in found:
        claim_by_values(grid, layout, contract)
    sheets = [(grid, layout, assemble(grid, layout)) for grid, layout in found]
    everything = [row for _, _, sheet in sheets for row in sheet.rows] if contract.row_filter else ()
    table = settle(named_by_captions(join(contract, sheets, book, months), sheets), everything, index)
    if not table.rows:
        raise file_problem("F-08")
    said: list[Finding] = []
    for grid, layout, sheet in sheets:
        if sheet.excluded:  # without a row left out there is no total to compare with
            said += disagreements(grid, layout, [row.row - 1 for row in sheet.rows])
    return replace(table, findings=(*table.findings, *said)) if said else table


def type_table(raw: RawTable, period: Period, county_code: str) -> TypedTable:
    """The rows as typed columns, identical rows collapsed, with all findings on single cells and keys.

    `county_code` has 6 digits. Raises FileProblem S-16 when a percent column mixes fractions and percentages.
    """
    return with_amounts_judged(type_rows(raw, period, county_code), parameters(period.last_day, county_code))


def open_book(data: bytes, period: Period) -> Book:
    """The sheets of a file of any accepted kind. Raises FileProblem F-01, F-02, F-07."""
    return open_file(data, limits_of(parameters(period.last_day))).book


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
        if hidden or not any(cell is not None for grid in book.grids for row in grid.rows for cell in row):
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
    pairs = []
    for column in layout.missing:
        near = index.suggestion(column, unknown)
        if near is not None:
            pairs.append((column.name, near))
        hints.append(f"{column.title}（表中“{near}”是否为该列？）" if near else column.title)
    where = f"工作表“{grid.sheet}”" if grid.sheet else ""
    problem = file_problem("F-11", message="{where}表头缺少必填列：{missing}", where=where, missing="、".join(hints))
    problem.near = tuple(pairs)
    return problem


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
            raise months_disagree(place, months, period)
        seen |= months
    return tuple(sorted(seen))


def _check_version(found: Iterable[tuple[Grid, Layout]], contract: Contract) -> None:
    """S-04: a template says which version of the contract it was made from; it must be the one of the month.

    A table without such a word is the sender's own and is read by the month's version.
    """
    for grid, layout in found:
        texts = [cell for row in grid.rows[: layout.first] for cell in row if isinstance(cell, str)]
        for version in sorted(stated_versions(texts) - {contract.version}):
            raise file_problem(
                "S-04",
                message="模板版本{version}在这个月份不用，本月的模板版本是{now}",
                version=version,
                now=contract.version,
            )


def months_disagree(place: str, months: Iterable[str], period: Period) -> FileProblem:
    """F-05: the file names another month than its folder."""
    return file_problem(
        "F-05",
        message="{place}写的是{months}，与报送月份{period}不一致",
        place=place,
        months="、".join(sorted(months)),
        period=period,
    )
