"""Workbooks of rows to mend, as intake hands them back and as the offline check writes them.

First a sheet that says what to do, one line a cause. Then the sender's own sheets: own names, own columns in their own
order, before them why and how to mend, wrong cells coloured, drop-downs where the contract has a list. Nothing stands
in the sender's columns that the sender did not send. Hidden: the lists and, where the workbook may be sent back, the
mark of each row (`ingestion.marks`). Nothing here needs the database.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hearth.period import Period
from ingestion.choices import offered_under
from ingestion.contract import Contract
from ingestion.marks import MARK_SHEET, OUR_HEADERS
from ingestion.normalise.text import as_text
from ingestion.reader.grid import address
from ingestion.returned import Reason, ReturnedRow
from ingestion.rule_words import rule_text
from ingestion.sheet_writer import Book, Choice, Layout, Look, put, text_width
from ingestion.table import CellValue

SHEET_ADVICE, SHEET_LISTS = "退回说明", "hearth选项"
_EXAMPLES = 8
"""So many row numbers of a cause are named."""
_KINDS = 5
"""A rule that says more than so many different things of a column becomes one line in general words."""
_NUMBERS = re.compile(r"[A-Z]{0,3}\d+([.\-/]\d+)*")
"""Addresses, row numbers and amounts: messages that differ in nothing else are of one kind."""
_BLANKS = re.compile(r"\s+")
_ADVICE_WIDTHS = (36, 36, 8, 4)
_WIDEST, _NARROWEST = 28.0, 9.0
_LOOKED_AT = 200
"""So many rows say how wide the columns are."""
_SHEET_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
_LONGEST_NAME = 31


@dataclass(frozen=True, slots=True)
class ReturnWorkbook:
    """The bytes, and how many rows are in it."""

    data: bytes
    rows: int


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a workbook of rows to mend is about, and whether it may be sent back."""

    contract: Contract
    period: Period | None
    steps: Sequence[str]
    """What to do, for the first sheet."""
    sheet_names: Mapping[str, str]
    """How the sender calls the sheets that go by their place here."""
    book_mark: str | None = None
    """Says which submission the workbook answers; None: it answers none and cannot be sent back."""
    row_mark: Callable[[ReturnedRow], str] | None = None


@dataclass(slots=True)
class _SheetRows:
    """The returned rows of one of the sender's sheets, and its columns from left to right."""

    headers: dict[tuple[str, str | None], float] = field(default_factory=dict)
    """(header, column) -> width in characters."""
    rows: list[ReturnedRow] = field(default_factory=list)


@dataclass(slots=True)
class _Cause:
    """One rule on one set of columns: what it says, and of which rows."""

    kinds: dict[str, dict[tuple[str, str], list[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    """Message without numbers -> (message, fix) -> places."""


def _gathered(rows: Iterable[ReturnedRow], contract: Contract) -> dict[str, _SheetRows]:
    sheets: dict[str, _SheetRows] = {}
    for row in rows:
        sheet = sheets.setdefault(row.sheet, _SheetRows())
        headers = {cell.column: cell.header for cell in row.cells if cell.column is not None}
        told = (replace(one, message=_by_header(one.message, one.columns, headers, contract)) for one in row.reasons)
        sheet.rows.append(replace(row, reasons=tuple(told)))
        for cell in row.cells:
            key = (cell.header, cell.column)
            if key not in sheet.headers:
                sheet.headers[key] = _width(cell.header)
            if len(sheet.rows) <= _LOOKED_AT:
                sheet.headers[key] = max(sheet.headers[key], _width(as_text(cell.value)))
    return sheets


def _by_header(text: str, columns: Iterable[str], headers: Mapping[str, str], contract: Contract) -> str:
    """The text with the sender's own titles of the columns, where they differ from ours."""
    for name in columns:
        if name in headers and name in contract.by_name:
            header = _BLANKS.sub("", headers[name]).lstrip("*＊★")
            text = text.replace(f"“{contract.by_name[name].title}”", f"“{header}”")
    return text


def _width(text: str) -> float:
    return min(max(text_width(text) + 2, _NARROWEST), _WIDEST)


def _own(row: ReturnedRow) -> list[Reason]:
    """What has to be mended; warnings on a refused row can wait until it is taken."""
    return [reason for reason in row.reasons if reason.severity == "error"]


def _numbered(parts: Iterable[str]) -> str:
    unique = list(dict.fromkeys(parts))
    return unique[0] if len(unique) == 1 else "\n".join(f"{number}. {part}" for number, part in enumerate(unique, 1))


def _causes(
    sheets: dict[str, _SheetRows], contract: Contract, period: Period | None
) -> list[tuple[str, str, str, list[str]]]:
    """(problem, how to mend it, rule, places), the most frequent first: one cause is one line."""
    found: dict[tuple[str, tuple[str, ...]], _Cause] = defaultdict(_Cause)
    for name, sheet in sheets.items():
        for row in sheet.rows:
            place = f"{name}第{row.row}行" if len(sheets) > 1 else f"第{row.row}行"
            for reason in _own(row):
                kind = _NUMBERS.sub("#", reason.message)
                found[reason.rule_id, reason.columns].kinds[kind][reason.message, reason.fix].append(place)
    lines: list[tuple[str, str, str, list[str]]] = []
    month = None if period is None else str(period)
    headers = {name: header for sheet in sheets.values() for header, name in sheet.headers if name is not None}
    for (rule_id, columns), cause in found.items():
        groups = list(cause.kinds.values())
        if len(groups) > _KINDS:
            groups = [{words: places for group in groups for words, places in group.items()}]
        for group in groups:
            places = list(dict.fromkeys(place for found_at in group.values() for place in found_at))
            message, fix = next(iter(group)) if len(group) == 1 else rule_text(rule_id, contract, columns, month)
            lines.append((_by_header(message, columns, headers, contract), fix, rule_id, places))
    return sorted(lines, key=lambda line: (-len(line[3]), line[2], line[0]))


def _advice_sheet(book: Book, name: str, occasion: Occasion, sheets: dict[str, _SheetRows]) -> None:
    contract = occasion.contract
    count = sum(len(sheet.rows) for sheet in sheets.values())
    sheet = book.sheet(name, Layout(widths=(8, 52, 52, 8, 46, 10), frozen_rows=0))
    put(
        sheet,
        (f"{contract.department_title} {contract.title} {occasion.period or ''}：有{count}行需要更正",),
        Look.TITLE,
    )
    for number, step in enumerate(occasion.steps, 1):
        put(sheet, (f"{number}. {step}",), Look.NOTE)
    sheet.append([])
    put(sheet, ("序号", "问题", "怎么改", "行数", "例如（原表行号）", "规则"), Look.HEAD)
    for number, (message, fix, rule_id, places) in enumerate(_causes(sheets, contract, occasion.period), 1):
        named = "、".join(places[:_EXAMPLES]) + (" 等" if len(places) > _EXAMPLES else "")
        put(sheet, (number, message, fix, len(places), named, rule_id))
    book.end()


def _rows_sheet(
    book: Book, name: str, occasion: Occasion, sheet: _SheetRows, lists: dict[tuple[str, ...], int]
) -> None:
    is_marked = occasion.row_mark is not None
    heads = OUR_HEADERS if is_marked else OUR_HEADERS[:-1]
    own = len(heads)
    layout = Layout(
        widths=(*_ADVICE_WIDTHS[:own], *sheet.headers.values()),
        frozen_columns=own,
        hidden_columns=(own,) if is_marked else (),
        has_filter=True,
        fits_page=False,
    )
    target = book.sheet(name, layout)
    target.append([(header, Look.HEAD) for header in (*heads, *(header for header, _ in sheet.headers))])
    for row in sheet.rows:
        reasons = _own(row)
        faulty = {column for reason in reasons for column in reason.columns}
        values: dict[tuple[str, str | None], CellValue] = {(cell.header, cell.column): cell.value for cell in row.cells}
        cells: list[tuple[CellValue, Look]] = [
            (_numbered(reason.message for reason in reasons), Look.ADVICE),
            (_numbered(reason.fix for reason in reasons), Look.ADVICE),
            (str(row.row), Look.ADVICE),
        ]
        if occasion.row_mark is not None:
            cells.append((occasion.row_mark(row), Look.PLAIN))
        cells += [(values.get(key), Look.FAULTY if key[1] in faulty else Look.PLAIN) for key in sheet.headers]
        target.append(cells)
    offered: list[Choice] = []
    for position, (header, column) in enumerate(sheet.headers, own + 1):
        words = offered_under(occasion.contract.by_name[column], header) if column is not None else ()
        if words:
            letter = address(0, lists.setdefault(words, len(lists)))[:-1]
            offered.append(Choice(position, f"'{SHEET_LISTS}'!${letter}$1:${letter}${len(words)}"))
    book.end(offered)


def _hidden_sheets(book: Book, book_mark: str | None, lists: Sequence[tuple[str, ...]]) -> None:
    layout = Layout(widths=(20,), frozen_rows=0, is_hidden=True)
    if book_mark is not None:
        put(book.sheet(MARK_SHEET, layout), (book_mark,))
        book.end()
    if lists:
        sheet = book.sheet(SHEET_LISTS, layout)
        for index in range(max(map(len, lists))):
            put(sheet, [words[index] if index < len(words) else "" for words in lists])
        book.end()


def _sheet_names(sheets: Mapping[str, str]) -> dict[str, str]:
    """The sender's names for the sheets, as far as a workbook may have them; a text file's sheet has none."""
    taken = {MARK_SHEET, SHEET_LISTS.lower()}
    names: dict[str, str] = {}
    for sheet, called in sheets.items():
        plain = _SHEET_FORBIDDEN.sub("_", called).strip("'")[:_LONGEST_NAME] or "数据"
        name, number = plain, 2
        while name.lower() in taken:
            name, number = f"{plain[: _LONGEST_NAME - 4]}({number})", number + 1
        taken.add(name.lower())
        names[sheet] = name
    return names


def mending_workbook(rows: Iterable[ReturnedRow], occasion: Occasion) -> ReturnWorkbook | None:
    """The workbook of the rows; None when there is none."""
    sheets = _gathered(rows, occasion.contract)
    if not sheets:
        return None
    names = _sheet_names({sheet: occasion.sheet_names.get(sheet, sheet) for sheet in sheets})
    book = Book()
    advice = SHEET_ADVICE if SHEET_ADVICE not in names.values() else f"{SHEET_ADVICE}（系统）"
    _advice_sheet(book, advice, occasion, {names[sheet]: found for sheet, found in sheets.items()})
    lists: dict[tuple[str, ...], int] = {}
    for sheet_name, sheet in sheets.items():
        _rows_sheet(book, names[sheet_name], occasion, sheet, lists)
    _hidden_sheets(book, occasion.book_mark, list(lists))
    return ReturnWorkbook(book.close(), sum(len(sheet.rows) for sheet in sheets.values()))
