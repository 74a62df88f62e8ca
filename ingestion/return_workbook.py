"""更正表.xlsx: the rows that came back, to be mended and dropped into the inbox again.

First a sheet that says what to do, one line a cause. Then the sender's own sheets: own names, own columns in their own
order, before them why and how to mend, wrong cells coloured, drop-downs where the contract has a list. Nothing stands
in the sender's columns that the sender did not send. Hidden: the mark of each row (`ingestion.marks`), the
lists.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hearth.period import Period
from ingestion.contract import Contract, contracts
from ingestion.marks import MARK_SHEET, OUR_HEADERS, book_mark, mark
from ingestion.normalise.text import as_text
from ingestion.quarantine import Reason, ReturnedRow, returned_rows
from ingestion.reader.grid import address
from ingestion.receipt import Receipt
from ingestion.rule_words import rule_text
from ingestion.sheet_writer import Book, Choice, Layout, Look, text_width
from ingestion.submission import Submission
from ingestion.table import CellValue
from ingestion.template_words import offered_under
from ingestion.workbook import put

SHEET_ADVICE, SHEET_LISTS = "退回说明", "hearth选项"
_EXAMPLES = 8
"""So many row numbers of a cause are named."""
_KINDS = 5
"""A rule that says more than so many different things of a column becomes one line in general words."""
_NUMBERS = re.compile(r"[A-Z]{0,3}\d+([.\-/]\d+)*")
"""Addresses, row numbers and amounts: messages that differ in nothing else are of one kind."""
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


def _gathered(submission_id: str) -> dict[str, _SheetRows]:
    sheets: dict[str, _SheetRows] = {}
    for row in returned_rows(submission_id):
        sheet = sheets.setdefault(row.sheet, _SheetRows())
        sheet.rows.append(row)
        for cell in row.cells:
            key = (cell.header, cell.column)
            if key not in sheet.headers:
                sheet.headers[key] = _width(cell.header)
            if len(sheet.rows) <= _LOOKED_AT:
                sheet.headers[key] = max(sheet.headers[key], _width(as_text(cell.value)))
    return sheets


def _width(text: str) -> float:
    return min(max(text_width(text) + 2, _NARROWEST), _WIDEST)


def _own(row: ReturnedRow) -> list[Reason]:
    """What has to be mended; warnings on a refused row can wait until it is taken."""
    return [reason for reason in row.reasons if reason.severity == "error"]


def _numbered(parts: Iterable[str]) -> str:
    unique = list(dict.fromkeys(parts))
    return unique[0] if len(unique) == 1 else "\n".join(f"{number}. {part}" for number, part in enumerate(unique, 1))


def _causes(
    sheets: dict[str, _SheetRows], contract: Contract, period: str | None
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
    for (rule_id, columns), cause in found.items():
        groups = list(cause.kinds.values())
        if len(groups) > _KINDS:
            groups = [{words: places for group in groups for words, places in group.items()}]
        for group in groups:
            places = list(dict.fromkeys(place for found_at in group.values() for place in found_at))
            words = next(iter(group)) if len(group) == 1 else rule_text(rule_id, contract, columns, period)
            lines.append((*words, rule_id, places))
    return sorted(lines, key=lambda line: (-len(line[3]), line[2], line[0]))


def _advice_sheet(book: Book, name: str, receipt: Receipt, sheets: dict[str, _SheetRows], contract: Contract) -> None:
    count = sum(len(sheet.rows) for sheet in sheets.values())
    sheet = book.sheet(name, Layout(widths=(8, 52, 52, 8, 46, 10), frozen_rows=0))
    title = f"{receipt.department_title} {receipt.feed_title} {receipt.period}：有{count}行需要更正"
    put(sheet, (title,), Look.TITLE)
    steps = (
        "到后面的工作表里，按前两列的说明改涂色的格子。别的格子也可以改。",
        "保存（仍存为 xlsx），文件名随意，放回本单位的报送文件夹。只改好一部分也可以先报。",
        "只有改好的行会被收进来，已经接收的行不受影响。没有改好的行会再退回一份新的更正表。",
        "不需要的行可以整行删去：仍算退回。请不要增加、复制行，不要改动隐藏的列；新增的行请补在原表中重报整份表。",
    )
    for number, step in enumerate(steps, 1):
        put(sheet, (f"{number}. {step}",), Look.NOTE)
    sheet.append([])
    put(sheet, ("序号", "问题", "怎么改", "行数", "例如（原表行号）", "规则"), Look.HEAD)
    for number, (message, fix, rule_id, places) in enumerate(_causes(sheets, contract, receipt.period), 1):
        named = "、".join(places[:_EXAMPLES]) + (" 等" if len(places) > _EXAMPLES else "")
        put(sheet, (number, message, fix, len(places), named, rule_id))
    book.end()


def _rows_sheet(
    book: Book,
    name: str,
    sheet: _SheetRows,
    *,
    submission_id: str,
    contract: Contract,
    lists: dict[tuple[str, ...], int],
) -> None:
    own = len(OUR_HEADERS)
    widths = (*_ADVICE_WIDTHS, *sheet.headers.values())
    layout = Layout(widths=widths, frozen_columns=own, hidden_columns=(own,), has_filter=True, fits_page=False)
    target = book.sheet(name, layout)
    target.append([(header, Look.HEAD) for header in (*OUR_HEADERS, *(header for header, _ in sheet.headers))])
    for row in sheet.rows:
        reasons = _own(row)
        faulty = {column for reason in reasons for column in reason.columns}
        values: dict[tuple[str, str | None], CellValue] = {(cell.header, cell.column): cell.value for cell in row.cells}
        cells: list[tuple[CellValue, Look]] = [
            (_numbered(reason.message for reason in reasons), Look.ADVICE),
            (_numbered(reason.fix for reason in reasons), Look.ADVICE),
            (str(row.row), Look.ADVICE),
            (mark(submission_id, row), Look.PLAIN),
        ]
        cells += [(values.get(key), Look.FAULTY if key[1] in faulty else Look.PLAIN) for key in sheet.headers]
        target.append(cells)
    offered: list[Choice] = []
    for position, (header, column) in enumerate(sheet.headers, own + 1):
        words = offered_under(contract.by_name[column], header) if column is not None else ()
        if words:
            letter = address(0, lists.setdefault(words, len(lists)))[:-1]
            offered.append(Choice(position, f"'{SHEET_LISTS}'!${letter}$1:${letter}${len(words)}"))
    book.end(offered)


def _hidden_sheets(book: Book, submission_id: str, lists: Sequence[tuple[str, ...]]) -> None:
    layout = Layout(widths=(20,), frozen_rows=0, is_hidden=True)
    put(book.sheet(MARK_SHEET, layout), (book_mark(submission_id),))
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


def return_workbook(entry: Submission, receipt: Receipt, own: Mapping[str, str] | None = None) -> ReturnWorkbook | None:
    """The rows of a submission that its sender can mend; None when none came back.

    ``own``: how the sender calls the sheets that go by their place in the ledger."""
    contract = contracts().get(f"{entry.department}.{entry.feed}")
    if contract is not None and entry.period is not None:
        contract = contract.in_force(Period.parse(entry.period))
    sheets = _gathered(entry.submission_id) if entry.rows_rejected and contract is not None else {}
    if not sheets or contract is None:
        return None
    names = _sheet_names({sheet: (own or {}).get(sheet, sheet) for sheet in sheets})
    book = Book()
    advice = SHEET_ADVICE if SHEET_ADVICE not in names.values() else f"{SHEET_ADVICE}（系统）"
    _advice_sheet(book, advice, receipt, {names[sheet]: rows for sheet, rows in sheets.items()}, contract)
    lists: dict[tuple[str, ...], int] = {}
    for sheet_name, sheet in sheets.items():
        _rows_sheet(book, names[sheet_name], sheet, submission_id=entry.submission_id, contract=contract, lists=lists)
    _hidden_sheets(book, entry.submission_id, list(lists))
    return ReturnWorkbook(book.close(), sum(len(sheet.rows) for sheet in sheets.values()))
