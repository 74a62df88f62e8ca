"""The workbook of signals: whom it names to whom; no database."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import openpyxl

from publishing.push_list import Signal, _by_township, _empty, _fill, _results

PERIOD = "2026-10"


def signal(**changes: Any) -> Signal:
    given = {
        "period": PERIOD,
        "signal_id": "W-06",
        "name_zh": "停水",
        "message_zh": "请核实",
        "raised_by": "water",
        "level_code": "yellow",
        "household_no": "5300",
        "township_code": "530524101000",
        "township": "甲镇",
        "village": "乙村",
        "first_seen_period": "2026-08",
        "opened_period": "2026-09",
        "visit_by": date(2026, 10, 15),
        "close_reason": None,
    }
    return Signal(**{**given, **changes})


def test_a_township_has_its_own_sheet_and_new_clues_are_marked() -> None:
    book = _by_township(
        [
            signal(),
            signal(opened_period=PERIOD, level_code="red"),
            signal(township_code=None, township=None, village=None),
        ]
    )
    held = io.BytesIO()
    book.save(held)
    read = openpyxl.load_workbook(held)
    assert read.sheetnames == ["甲镇", "乡镇不详"]
    rows = [[cell.value for cell in row] for row in read["甲镇"].iter_rows(min_row=3)]
    assert [(row[2], row[4], row[7], row[8]) for row in rows] == [
        ("5300", "黄色", "2026-10-15", None),
        ("5300", "红色", "2026-10-15", "新增"),
    ]


def test_whoever_raised_a_signal_gets_counts_and_no_household() -> None:
    found = [
        signal(),
        signal(opened_period=PERIOD, visit_by=date(2026, 11, 15)),
        signal(close_reason="visited"),
        signal(close_reason="condition_ended"),
        signal(close_reason="left", township=None),
        signal(raised_by="power", signal_id="W-07"),
    ]
    rows = _results(found, "water", PERIOD)
    assert rows == [("停水", "乡镇不详", 0, 0, 0, 0, 0, 1), ("停水", "甲镇", 1, 2, 1, 1, 1, 0)]
    book, held = _empty(), io.BytesIO()
    _fill(book, "结果反馈", ["信号"], [10], rows)
    book.save(held)
    cells = {cell.value for row in openpyxl.load_workbook(held).active.iter_rows() for cell in row}  # type: ignore[union-attr]  # a workbook with a sheet has an active one
    assert "5300" not in cells
