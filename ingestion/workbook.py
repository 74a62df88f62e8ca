"""回执.xlsx: the receipt for people. Every cell is text, and none is a formula, whatever the sender typed."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any
from weakref import WeakKeyDictionary

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from ingestion import ledger, quarantine
from ingestion.contract import contracts
from ingestion.receipt import Receipt, ReceiptLine
from ingestion.rule_words import rule_text

SHEET_RECEIPT, SHEET_ROWS, SHEET_WARNINGS = "回执", "需更正的行", "提示"
ROW_TITLES = ("行号", "规则", "问题", "怎么改")
_FAULTY = PatternFill("solid", fgColor="FFD966")
_HEAD = PatternFill("solid", fgColor="D9E2F3")
_BOLD = Font(bold=True)
_WRAP = Alignment(wrap_text=True, vertical="top")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_LONGEST = 32_767
_styles: WeakKeyDictionary[Workbook, dict[tuple[object, bool, bool], Any]] = WeakKeyDictionary()
_SEVERITIES = {"error": "错误", "warning": "提醒", "info": "告知"}


def _style(sheet: Any, fill: PatternFill | None, *, bold: bool, is_quoted: bool) -> Any:
    """The style of a cell, worked out once a workbook: openpyxl takes most of its time for it."""
    known = _styles.setdefault(sheet.parent, {})
    key = (fill.fgColor.rgb if fill else None, bold, is_quoted)
    if key not in known:
        model: Any = WriteOnlyCell(sheet)
        model.number_format = "@"
        model.alignment = _WRAP
        if is_quoted:
            model.quotePrefix = True
        if fill is not None:
            model.fill = fill
        if bold:
            model.font = _BOLD
        known[key] = model._style
    return known[key]


def text_cell(sheet: Any, value: object, *, fill: PatternFill | None = None, bold: bool = False) -> Any:
    """A cell that no spreadsheet program runs: string type, text format, and a quote prefix where it looks like one.

    Control characters that a workbook cannot hold are dropped; text longer than a cell can hold is cut.
    """
    text = ILLEGAL_CHARACTERS_RE.sub("", str(value))[:_LONGEST]
    cell: Any = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    cell._style = _style(sheet, fill, bold=bold, is_quoted=text.startswith(_FORMULA_STARTS))
    return cell


def _head(sheet: Any, titles: Sequence[str], widths: Sequence[float]) -> None:
    for index, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(index)].width = width
    # On paper: all columns on one page, as many pages down as it takes.
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.append([text_cell(sheet, title, fill=_HEAD, bold=True) for title in titles])


def _minute(timestamp: str) -> str:
    """``2026-11-08T23:59:59+08:00`` as people write it, in the zone it carries."""
    return timestamp[:16].replace("T", " ")


def _facts(receipt: Receipt) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = [
        ("回执号", receipt.submission_id),
        ("结论", receipt.verdict),
        ("下一步", receipt.next_step),
        ("文件名", receipt.file_name),
        ("文件指纹（SHA-256 前12位）", receipt.sha256[:12]),
        ("收到时间", _minute(receipt.received_at)),
        ("截止时间", _minute(receipt.due_at) if receipt.due_at else "—"),
        ("是否迟报", "是" if receipt.is_late else "否"),
        ("报送单位", receipt.department_title),
        ("报表", receipt.feed_title),
        ("报送月份", receipt.period or "（未识别）"),
        ("收到行数", receipt.rows_received),
        ("接收行数", receipt.rows_accepted),
        ("退回行数", receipt.rows_rejected),
        ("跳过行数（合计、备注等）", receipt.rows_excluded),
    ]
    if receipt.reason is not None:
        reason = receipt.reason
        facts[3:3] = [("退回原因", f"{reason.message}（{reason.rule_id}）"), ("怎么改", reason.fix)]
    return facts


def _receipt_sheet(book: Workbook, receipt: Receipt) -> None:
    sheet = book.create_sheet(SHEET_RECEIPT)
    sheet.freeze_panes = "A2"
    _head(sheet, ("项目", "内容"), (28, 60, 10, 60, 50))
    for label, value in _facts(receipt):
        sheet.append([text_cell(sheet, label, bold=True), text_cell(sheet, value)])
    sheet.append([])
    sheet.append(
        [text_cell(sheet, title, fill=_HEAD, bold=True) for title in ("规则", "问题", "行数", "怎么改", "程度")]
    )
    for line in receipt.lines:
        sheet.append([text_cell(sheet, part) for part in _line(line)])
    if not receipt.lines:
        sheet.append([text_cell(sheet, "—"), text_cell(sheet, "没有发现问题")])


def _line(line: ReceiptLine) -> tuple[str, ...]:
    count = str(line.row_count) if line.row_count else "整份表"
    return line.rule_id, line.message, count, line.fix, _SEVERITIES[line.severity]


def _headers(submission_id: str) -> tuple[list[tuple[str, str | None]], bool]:
    """The sender's columns in their order, over all returned rows; and whether they come from several sheets."""
    headers: dict[tuple[str, str | None], None] = {}
    sheets: set[str] = set()
    for row in quarantine.returned_rows(submission_id):
        sheets.add(row.sheet)
        for cell in row.cells:
            headers.setdefault((cell.header, cell.column))
    return list(headers), len(sheets) > 1


def _numbered(parts: Sequence[str]) -> str:
    unique = list(dict.fromkeys(parts))
    return unique[0] if len(unique) == 1 else "\n".join(f"{number}. {part}" for number, part in enumerate(unique, 1))


def _rows_sheet(book: Workbook, receipt: Receipt) -> None:
    headers, many_sheets = _headers(receipt.submission_id)
    sheet = book.create_sheet(SHEET_ROWS)
    sheet.freeze_panes = "E2"
    _head(sheet, (*ROW_TITLES, *(header for header, _ in headers)), (10, 12, 40, 40, *(16 for _ in headers)))
    for row in quarantine.returned_rows(receipt.submission_id):
        faulty = {name for reason in row.reasons for name in reason.columns}
        texts = {(cell.header, cell.column): cell.text for cell in row.cells}
        words = (
            f"{row.sheet} {row.row}" if many_sheets else str(row.row),
            "\n".join(dict.fromkeys(reason.rule_id for reason in row.reasons)),
            _numbered([reason.message for reason in row.reasons]),
            _numbered([reason.fix for reason in row.reasons]),
        )
        cells = [text_cell(sheet, word) for word in words]
        cells += [
            text_cell(sheet, texts.get(header, ""), fill=_FAULTY if header[1] in faulty else None) for header in headers
        ]
        sheet.append(cells)


def _warnings_sheet(book: Workbook, receipt: Receipt) -> None:
    contract = contracts().get(f"{receipt.department}.{receipt.feed}")
    sheet = book.create_sheet(SHEET_WARNINGS)
    sheet.freeze_panes = "A2"
    _head(sheet, ("工作表", *ROW_TITLES), (16, 10, 12, 60, 50))
    for line in receipt.lines:
        if line.row_count == 0 and line.severity != "error":
            parts = ("", "整份表", line.rule_id, line.message, line.fix)
            sheet.append([text_cell(sheet, part) for part in parts])
    for name, row, rule_id, columns in ledger.warning_rows(receipt.submission_id):
        message, fix = rule_text(rule_id, contract, columns, receipt.period)
        sheet.append([text_cell(sheet, part) for part in (name, row, rule_id, message, fix)])


def receipt_workbook(receipt: Receipt) -> bytes:
    """The workbook of a receipt: sheets 回执, 需更正的行 (every rejected row as sent, faulty cells coloured), 提示."""
    book = Workbook(write_only=True)
    _receipt_sheet(book, receipt)
    _rows_sheet(book, receipt)
    _warnings_sheet(book, receipt)
    target = BytesIO()
    book.save(target)
    return target.getvalue()
