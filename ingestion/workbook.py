"""回执.xlsx: the receipt for people. Every cell is text, and none is a formula, whatever the sender typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from ingestion import findings
from ingestion.contract import contracts
from ingestion.own_names import in_own_words
from ingestion.receipt import RETURN_NAME, Receipt, ReceiptLine
from ingestion.rule_words import rule_text
from ingestion.sheet_writer import Book, Layout, Look, put
from ingestion.submission import LIVE

SHEET_RECEIPT, SHEET_WARNINGS = "回执", "提示"
_SEVERITIES = {"error": "错误", "warning": "提醒", "info": "告知"}


def _minute(timestamp: str) -> str:
    """``2026-11-08T23:59:59+08:00`` as people write it, in the zone it carries."""
    return timestamp[:16].replace("T", " ")


def _facts(receipt: Receipt, sent_as: str | None) -> list[tuple[str, object]]:
    is_taken = receipt.state in {*LIVE, "superseded"}
    facts: list[tuple[str, object]] = [
        ("回执号", receipt.submission_id),
        ("结论", receipt.verdict),
        ("下一步", receipt.next_step),
        ("文件名", sent_as or receipt.file_name),
        ("文件指纹（SHA-256 前12位）", receipt.sha256[:12]),
        ("第几次报送", f"第{receipt.version}次" if receipt.version else "试报"),
        ("收到时间", _minute(receipt.received_at)),
        ("本月首次合格报送时间", _minute(receipt.first_received_at) if receipt.first_received_at else "—"),
        ("截止时间", _minute(receipt.due_at) if receipt.due_at else "—"),
        ("是否迟报", "是" if receipt.is_late else "否"),
        ("报送单位", receipt.department_title),
        ("报表", receipt.feed_title),
        ("报送月份", receipt.period or "（未识别）"),
        ("收到行数", receipt.rows_received),
        ("接收行数" if is_taken or not receipt.rows_accepted else "可接收行数（尚未入库）", receipt.rows_accepted),
        ("退回行数", receipt.rows_rejected),
        ("跳过行数（合计、备注等）", receipt.rows_excluded),
    ]
    if receipt.rows_to_mend:
        facts.append(("更正表", f"{RETURN_NAME}，共{receipt.rows_to_mend}行，改好后放回报送文件夹即可"))
    if receipt.parent_submission_id is not None:
        facts.append(("更正的是", f"{receipt.parent_submission_id}；上面的行数是合并后的整份表"))
    if receipt.reason is not None:
        reason = receipt.reason
        title = "退回原因" if receipt.state in ("rejected", "test_failed") else "待办事项"
        facts[3:3] = [(title, f"{reason.message}（{reason.rule_id}）"), ("怎么办", reason.fix)]
    return facts


def _receipt_sheet(book: Book, receipt: Receipt, sent_as: str | None) -> None:
    sheet = book.sheet(SHEET_RECEIPT, Layout(widths=(28, 60, 10, 60, 12)))
    put(sheet, ("项目", "内容"), Look.HEAD)
    for label, value in _facts(receipt, sent_as):
        put(sheet, (label, value), first=Look.LABEL)
    sheet.append([])
    put(sheet, ("规则", "问题", "行数", "怎么改", "程度"), Look.HEAD)
    for line in sorted(receipt.lines, key=lambda line: list(_SEVERITIES).index(line.severity)):  # what to mend first
        put(sheet, _line(line))
    if not receipt.lines:
        put(sheet, ("—", "没有发现问题"))
    book.end()


def _line(line: ReceiptLine) -> tuple[str, ...]:
    count = str(line.row_count) if line.row_count else "整份表"
    return line.rule_id, line.message, count, line.fix, _SEVERITIES[line.severity]


def _warnings_sheet(book: Book, receipt: Receipt, sheets: Mapping[str, str]) -> None:
    contract = contracts().get(f"{receipt.department}.{receipt.feed}")

    @lru_cache(maxsize=1024)
    def words(rule_id: str, columns: tuple[str, ...]) -> tuple[str, str]:
        return rule_text(rule_id, contract, columns, receipt.period)

    sheet = book.sheet(SHEET_WARNINGS, Layout(widths=(16, 10, 12, 60, 50), has_filter=True))
    put(sheet, ("工作表", "行号", "规则", "问题", "怎么改"), Look.HEAD)
    for line in receipt.lines:
        if line.row_count == 0 and line.severity != "error":
            put(sheet, ("", "整份表", line.rule_id, line.message, line.fix))
    for name, row, rule_id, columns in findings.warning_rows(receipt.submission_id):
        put(sheet, (sheets.get(name, name), row, rule_id, *words(rule_id, columns)))
    book.end()


def receipt_workbook(receipt: Receipt, sent_as: str | None = None, sheets: Mapping[str, str] | None = None) -> bytes:
    """The workbook of a receipt: sheets 回执 and 提示 (rows that were taken and should be looked at).

    For this workbook alone: how the sender called the file, and the ``sheets`` that go by their place elsewhere."""
    sheets = sheets or {}
    receipt = _in_own_words(receipt, sheets)
    book = Book()
    _receipt_sheet(book, receipt, sent_as)
    _warnings_sheet(book, receipt, sheets)
    return book.close()


def _in_own_words(receipt: Receipt, sheets: Mapping[str, str]) -> Receipt:
    def said(line: ReceiptLine) -> ReceiptLine:
        return replace(line, message=in_own_words(line.message, sheets))

    reason = said(receipt.reason) if receipt.reason else None
    return replace(receipt, reason=reason, lines=tuple(map(said, receipt.lines)))
