"""The receipt on paper: JSON there and back, and a workbook that no spreadsheet program runs."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from ingestion import findings
from ingestion.receipt import Receipt, ReceiptLine
from ingestion.submission import State
from ingestion.workbook import receipt_workbook

RECEIPT = Receipt(
    submission_id="530524-2026-10-civil_affairs.dibao-0a1b2c3d",
    county_code="530524",
    department="civil_affairs",
    department_title="县民政局",
    feed="dibao",
    feed_title="农村低保在保名单",
    period="2026-10",
    file_name="低保.xlsx",
    sha256="0a1b2c3d" * 8,
    byte_count=10,
    contract_version="1.0.0",
    state="partially_accepted",
    verdict=State.PARTIALLY_ACCEPTED.verdict,
    next_step=State.PARTIALLY_ACCEPTED.next_step,
    reason=None,
    rows_received=10,
    rows_accepted=9,
    rows_rejected=1,
    rows_excluded=2,
    warning_count=1,
    received_at="2026-11-05T09:00:00+08:00",
    due_at="2026-11-08T23:59:59+08:00",
    verdict_at="2026-11-05T09:00:04+08:00",
    is_late=False,
    lines=(
        ReceiptLine("S-07", "error", 1, "保障人口不是数字", "请改正"),
        ReceiptLine("S-15", "info", 0, "已跳过合计（2行）", "无需处理"),
    ),
)
LOOKS_LIKE_A_FORMULA = "=cmd|' /C calc'!A0"


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> openpyxl.Workbook:
    receipt = replace(RECEIPT, file_name=LOOKS_LIKE_A_FORMULA)
    monkeypatch.setattr(findings, "warning_rows", lambda _: iter([("Sheet1", 4, "R-ALL-04", ("head_id_number",))]))
    return openpyxl.load_workbook(io.BytesIO(receipt_workbook(receipt)))


def cells(sheet: Worksheet) -> list[list[object]]:
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def test_sheets_and_facts(book: openpyxl.Workbook) -> None:
    assert book.sheetnames == ["回执", "提示"]
    facts = {row[0]: row[1] for row in cells(book["回执"])}
    assert facts["回执号"] == RECEIPT.submission_id
    assert [facts[name] for name in ("收到行数", "接收行数", "退回行数", "跳过行数（合计、备注等）")] == [
        "10",
        "9",
        "1",
        "2",
    ]
    assert facts["结论"] == "合格的行已接收，有错误的行已退回。"
    assert ["S-07", "保障人口不是数字", "1", "请改正", "错误"] in cells(book["回执"])


def test_nothing_a_sender_typed_is_a_formula(book: openpyxl.Workbook) -> None:
    every = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in every} == {"s"}
    assert {cell.number_format for cell in every} == {"@"}
    risky = [cell for cell in every if str(cell.value).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    assert [cell.value for cell in risky] == [LOOKS_LIKE_A_FORMULA]
    assert all(cell.quotePrefix for cell in risky)


def test_warnings_name_row_and_column(book: openpyxl.Workbook) -> None:
    rows = cells(book["提示"])
    assert rows[1][1:3] == ["整份表", "S-15"]
    assert rows[2][:3] == ["Sheet1", "4", "R-ALL-04"]
    assert rows[2][3]


def test_json_there_and_back() -> None:
    refused = replace(RECEIPT, reason=ReceiptLine("F-08", "error", 0, "没有数据行", "请补填"))
    assert Receipt.from_json(refused.to_json()) == refused
    with pytest.raises(TypeError):
        Receipt.from_json(refused.to_json().replace('"county_code"', '"country"'))


def test_folders() -> None:
    assert RECEIPT.folder_key == f"outbox/civil_affairs/2026-10/{RECEIPT.submission_id}"
    assert (
        replace(RECEIPT, department=None, feed=None, period=None, submission_id="x").folder_key
        == "outbox/_unassigned/x"
    )
    assert replace(RECEIPT, period=None, submission_id="x").folder_key == "outbox/civil_affairs/_unassigned/x"


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_sentence_and_a_next_step(state: State) -> None:
    assert state.verdict.endswith("。")
    assert state.next_step.endswith("。")
    assert 1 < len(state.short) < 6


def test_a_receipt_of_an_earlier_version_can_still_be_read() -> None:
    old = json.loads(RECEIPT.to_json())
    for name in ("is_test", "version", "first_received_at", "parent_submission_id", "rows_to_mend"):
        del old[name]
    assert Receipt.from_json(json.dumps(old)) == RECEIPT
