"""A workbook written row by row: what goes in comes out, in more than one reader, and never as a formula."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from ingestion.sheet_writer import FORMULA_STARTS, LONGEST_TEXT, Book, Choice, Layout, Look
from ingestion.table import CellValue

VALUES: list[CellValue] = [
    "慕容某",
    "<&>\"'",
    " 空格 ",
    "两\n行",
    "\r=1",
    "a\x07b\ud800",
    12,
    612.5,
    5.2009919780312e17,
    True,
    date(2026, 10, 31),
    datetime(2026, 10, 31, 8, 30),  # noqa: DTZ001 - cells have no zone
    None,
]
SHOWN: list[Any] = [
    "慕容某",
    "<&>\"'",
    " 空格 ",
    "两\n行",
    "\r=1",
    "ab",
    12,
    612.5,
    5.2009919780312e17,
    True,
    datetime(2026, 10, 31),  # noqa: DTZ001 - as above
    datetime(2026, 10, 31, 8, 30),  # noqa: DTZ001 - as above
    None,
]


def written(*rows: list[CellValue], look: Look = Look.PLAIN) -> bytes:
    book = Book()
    sheet = book.sheet("数据", Layout(widths=(10,) * 3, frozen_columns=1, hidden_columns=(2,), has_filter=True))
    for row in rows:
        sheet.append([(value, look) for value in row])
    book.end([Choice(3, "'选项'!$A$1:$A$2")])
    lists = book.sheet("选项", Layout(widths=(10,), frozen_rows=0, is_hidden=True))
    lists.append([("是", Look.PLAIN)])
    lists.append([("否", Look.PLAIN)])
    book.end()
    return book.close()


def test_values_come_back_in_both_readers() -> None:
    data = written(VALUES)
    (row,) = openpyxl.load_workbook(io.BytesIO(data))["数据"].iter_rows(values_only=True)
    assert list(row) == SHOWN
    (cells,) = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name("数据").to_python()
    assert cells[:5] == SHOWN[:5]
    assert cells[6:10] == SHOWN[6:10]


@pytest.mark.parametrize("start", FORMULA_STARTS)
@pytest.mark.parametrize("look", list(Look))
def test_what_looks_like_a_formula_is_quoted_text(start: str, look: Look) -> None:
    cell = openpyxl.load_workbook(io.BytesIO(written([f"{start}1+1"], look=look)))["数据"]["A1"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (f"{start}1+1", "s", True)


def test_sheet_furniture() -> None:
    book = openpyxl.load_workbook(io.BytesIO(written(["甲", "乙", "丙"], ["1", "2", "3"])))
    sheet = book["数据"]
    assert sheet.freeze_panes == "B2"
    assert sheet.column_dimensions["B"].hidden
    assert book["选项"].sheet_state == "hidden"
    (rule,) = sheet.data_validations.dataValidation
    assert (str(rule.sqref), rule.formula1, rule.type) == ("C2", "'选项'!$A$1:$A$2", "list")
    assert sheet.auto_filter.ref == "A1:C2"


def test_long_text_is_cut() -> None:
    cell = openpyxl.load_workbook(io.BytesIO(written(["x" * (LONGEST_TEXT + 1)])))["数据"]["A1"]
    assert len(str(cell.value)) == LONGEST_TEXT


def test_the_same_content_gives_the_same_bytes() -> None:
    assert written(VALUES) == written(VALUES)


def test_a_sheet_left_open_is_noticed() -> None:
    book = Book()
    book.sheet("a", Layout(widths=(1,)))
    with pytest.raises(RuntimeError, match=r"\[a\] is still open"):
        book.close()
