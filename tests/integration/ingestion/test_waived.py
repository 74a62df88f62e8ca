"""Receipts say what the gate let through by a waiver: rule, reason, name, last day."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from psycopg.types.json import Jsonb

from hearth.bucket import bucket
from hearth.database import Role, connect
from ingestion.intake import take
from ingestion.receipt import Receipt
from ingestion.waived import tell
from tests.integration.ingestion.dibao_files import KEY, PERIOD, drop, good, workbook

pytestmark = pytest.mark.usefixtures("clean_warehouse")
COUNTY = "530524"


def published_by_waiver(receipt: Receipt, failing: dict[str, Any], rule_id: str = "P-07") -> None:
    with connect(Role.OWNER) as connection:
        (build_id,) = connection.execute(
            "insert into ops.build (county_code, period, state, code_version) values (%s, %s, 'published', 'x')"
            " returning build_id",
            [COUNTY, str(PERIOD)],
        ).fetchone() or (0,)
        connection.execute(
            "insert into ops.build_input (build_id, department, feed, submission_id, source_period, is_carried,"
            " age_periods) values (%s, 'civil_affairs', 'dibao', %s, %s, false, 0)",
            [build_id, receipt.submission_id, str(PERIOD)],
        )
        (publication_id,) = connection.execute(
            "insert into ops.publication (build_id, county_code, period, household_count) values (%s, %s, %s, 1)"
            " returning publication_id",
            [build_id, COUNTY, str(PERIOD)],
        ).fetchone() or (0,)
        (waiver_id,) = connection.execute(
            "insert into ops.waiver (county_code, rule_id, reason, given_by, valid_until)"
            " values (%s, %s, '合同刚升级', '王工', '2099-01-31 23:59+08') returning waiver_id",
            [COUNTY, rule_id],
        ).fetchone() or (0,)
        connection.execute(
            "insert into ops.publication_waiver (publication_id, waiver_id, suite, expectation, rule_id, failing_count,"
            " reason, given_by, valid_until) select %s, waiver_id, 'completeness', 'checked', rule_id, 1, reason,"
            " given_by, valid_until from ops.waiver where waiver_id = %s",
            [publication_id, waiver_id],
        )
        connection.execute(
            "insert into ops.gate_result (build_id, suite, rule_id, expectation, severity, success, message, waiver_id)"
            " values (%s, 'completeness', %s, 'checked', 'block_unless_waived', false, '规则已更新。请重报【王】', %s)",
            [build_id, rule_id, waiver_id],
        )
        connection.execute(
            "insert into ops.gate_failing_row values (%s, 'completeness', 'checked', 1, %s)", [build_id, Jsonb(failing)]
        )


@pytest.mark.parametrize(
    ("failing", "is_told"),
    [
        ({"feed": "dibao", "in_force": "2.0.0"}, True),
        ({"feed_id": "civil_affairs.dibao"}, True),
        ({"region_code": "530524000000", "feed_id": "civil_affairs.dibao"}, True),
        ({"department": "civil_affairs"}, True),
        ({"feed": "insurance"}, False),
        ({"department": "health"}, False),
        ({"region_code": "530524101000"}, False),
    ],
)
def test_who_is_told(failing: dict[str, str], is_told: bool) -> None:
    receipt = take(drop(KEY, workbook(good(3))))
    published_by_waiver(receipt, failing)
    assert tell(COUNTY, str(PERIOD)) == tell(COUNTY, str(PERIOD)) == [receipt.submission_id] * is_told
    lines = [line for line in take(f"submission/{receipt.submission_id}").lines if line.rule_id == "P-07"]
    assert len(lines) == is_told


def test_the_sentence_names_rule_reason_person_and_day() -> None:
    receipt = take(drop(KEY, workbook(good(3))))
    published_by_waiver(receipt, {"feed": "dibao", "submission_id": receipt.submission_id})
    tell(COUNTY, str(PERIOD))
    book = openpyxl.load_workbook(io.BytesIO((bucket() / receipt.folder_key / "回执.xlsx").read_bytes()))
    said = ["".join(str(cell or "") for cell in row) for row in book["回执"].values]
    assert any("“规则已更新”（P-07）由王工豁免：合同刚升级（至2099-01-31）" in text for text in said)
