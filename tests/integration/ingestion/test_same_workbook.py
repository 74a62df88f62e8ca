"""The rows to mend are one workbook, whether intake hands them back or the offline check writes them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl

from hearth.settings import Settings
from ingestion.check import check_file
from ingestion.check_app import rows_to_mend
from ingestion.intake import take
from ingestion.marks import MARK_SHEET, OUR_HEADERS
from tests.integration.ingestion.dibao_files import KEY, PERIOD, drop, workbook
from tests.integration.ingestion.returned import book_of, wrong


def test_the_offline_check_writes_the_same_workbook_but_for_the_marks(
    clean_warehouse: Settings, tmp_path: Path
) -> None:
    """Same sheets, rows, words, colours and drop-downs; the steps differ, for that one cannot be sent."""
    rows = wrong(faults=(5, 10, 20))
    rows[19]["category_code"] = "不在表里"
    rows[29]["remark"] = "=1+1"

    def seen(book: openpyxl.Workbook) -> dict[str, Any]:
        sheets = {}
        for sheet in book.worksheets:
            if sheet.title == MARK_SHEET:
                continue
            marks = [cell.column for cell in sheet[1] if cell.value == OUR_HEADERS[-1]]
            cells = [
                [(cell.value, cell.data_type, cell.fill.fgColor.rgb) for cell in row if cell.column not in marks]
                for row in sheet.iter_rows()
                if not str(row[0].value).startswith(("1. ", "2. ", "3. ", "4. "))
            ]
            offered = sorted(rule.formula1 for rule in sheet.data_validations.dataValidation)
            sheets[sheet.title] = (sheet.sheet_state, cells, offered)
        return sheets

    data = workbook(rows)
    receipt = take(drop(KEY, data))
    path = tmp_path / "低保名单10月.xlsx"
    path.write_bytes(data)
    offline = rows_to_mend(check_file(path, period=str(PERIOD), county_code="530524"))
    assert offline is not None
    mine, handed_back = seen(openpyxl.load_workbook(io.BytesIO(offline.data))), seen(book_of(receipt))
    assert offline.rows == receipt.rows_to_mend == 4
    assert mine == handed_back
    assert any(offered for _, _, offered in mine.values())
