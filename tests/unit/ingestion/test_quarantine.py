"""What of a rejected row stays in clear, and what is sealed."""

from __future__ import annotations

import base64
import json
from datetime import date, datetime

import pytest

from ingestion import vault
from ingestion.quarantine import quarantine_rows
from ingestion.returned import cell_text
from ingestion.table import CellValue, Finding, RawRow, RawTable
from tests.unit.ingestion.test_checks import contract
from tests.unit.ingestion.test_vault import sealer

HEADERS = {"id_number": "证件号码", "amount": "金额", "cause_code": "原因", "household_no": "户号"}
ROW = RawRow(
    "Sheet1",
    5,
    {"id_number": "520099199001010011", "amount": 12.0, "cause_code": "慕容甲赤", "household_no": "5305240000000001"},
    {"自加列": "慕容乙橙"},
)


def finding(severity: str, rule_id: str, stage: str, *columns: str) -> Finding:
    return Finding(rule_id, stage, severity, "Sheet1", 5, columns, f"{rule_id}：慕容甲赤", "请改正")


def table(*letters: str) -> RawTable:
    places = {("Sheet1", name): letter for name, letter in zip(HEADERS, letters, strict=False)}
    return RawTable(contract([]), HEADERS, frozenset(), {}, {}, ("自加列",), (ROW,), 0, (), letters=places)


def test_row_without_error_is_not_quarantined() -> None:
    assert list(quarantine_rows(table(), [finding("warning", "R-1", "row", "amount")], sealer())) == []


def test_only_cells_that_were_read_and_cannot_be_personal_stay_in_clear() -> None:
    found = [finding("warning", "R-1", "row", "amount"), finding("error", "S-10", "schema", "cause_code")]
    sealing = sealer()
    (row,) = quarantine_rows(table("AA", "C", "B", "A"), found, sealing)
    assert row.original["cells"] == {"amount": "12"}
    assert row.reasons[0] == {"rule_id": "S-10", "severity": "error", "columns": ["cause_code"]}
    text = json.dumps([row.original, list(row.reasons)], ensure_ascii=False)
    for hidden in ("520099199001010011", "慕容甲赤", "慕容乙橙", "5305240000000001"):
        assert hidden not in text
    sealed = base64.b64decode(row.original["sealed"])
    content = json.loads(sealing.key.open(sealed, vault.row_place(sealing.submission_id, "Sheet1", 5)))
    assert [cell[0] for cell in content["cells"]] == ["户号", "原因", "金额", "证件号码", "自加列"]
    assert content["texts"][0] == ["S-10：慕容甲赤", "请改正"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "是"),
        (3.0, "3"),
        (2.5, "2.5"),
        (1e17, "1e+17"),
        (date(2026, 10, 1), "2026-10-01"),
        (datetime(2026, 10, 1), "2026-10-01"),  # noqa: DTZ001 - cells have no zone
        (datetime(2026, 10, 1, 8, 30), "2026-10-01 08:30:00"),  # noqa: DTZ001 - as above
        (" 原样 ", " 原样 "),
    ],
)
def test_cell_as_the_sender_sees_it(value: CellValue, text: str) -> None:
    assert cell_text(value) == text
