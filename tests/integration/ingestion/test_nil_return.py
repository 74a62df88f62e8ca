"""F-09: a month without anything to report is declared, with a reason and a signature; nothing else is a nil return."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from hearth.database import Role, connect
from ingestion.contract import contracts
from ingestion.intake import take
from ingestion.ledger import find
from ingestion.receipt import Receipt
from tests.integration.ingestion.dibao_files import PERIOD, drop

pytestmark = pytest.mark.usefixtures("clean_warehouse")
POWER = f"inbox/power/{PERIOD}"
TITLES = [column.title for column in contracts()["power.outage"].columns if column.name != "hamlet_name"]
FILLED = [["原因", "本月各台区均未停电"], ["签字人", "欧阳某"]]


def book(*rows: list[Any]) -> bytes:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def outage(**changes: Any) -> list[Any]:
    columns = contracts()["power.outage"].columns
    values: dict[str, Any] = {
        "transformer_no": "0990001234",
        "transformer_name": "一号公变",
        "started_at": f"{PERIOD}-08 14:05",
        "ended_at": f"{PERIOD}-08 16:20",
        "duration_minutes": "135",
        "affected_household_count": "46",
        "outage_type_code": "故障停电",
    } | changes
    return [values.get(column.name) for column in columns if column.name != "hamlet_name"]


def send(name: str, data: bytes, folder: str = POWER) -> Receipt:
    return take(drop(f"{folder}/{name}", data))


def refused(receipt: Receipt) -> tuple[str, str]:
    assert receipt.state == "rejected"
    assert receipt.reason is not None
    assert not find(receipt.submission_id).is_nil_return
    return receipt.reason.rule_id, receipt.reason.message


@pytest.mark.parametrize(
    "rows",
    [
        FILLED,
        [["停电情况零报告", None], ["原因：", None, "本月各台区均未停电", None], [None, "签 字 人", "欧阳某"]],
        [["原因", "签字人"], ["本月各台区均未停电", "欧阳某"]],
        [["原因：本月各台区均未停电"], ["签字人：欧阳某"]],
        [TITLES, *FILLED],
    ],
    ids=["side by side", "with a title", "below", "one cell", "under the template's header"],
)
def test_a_signed_reason_is_accepted_in_any_layout(rows: list[list[Any]]) -> None:
    receipt = send("停电零报告.xlsx", book(*rows))
    assert receipt.reason is None, receipt.reason
    assert (receipt.state, receipt.verdict) == ("accepted", "零报告已接收。")
    assert (receipt.rows_received, receipt.rows_accepted, receipt.rows_rejected) == (0, 0, 0)
    entry = find(receipt.submission_id)
    assert entry.is_nil_return
    assert "欧阳某" not in receipt.to_json()
    with connect(Role.OWNER) as connection:
        assert connection.execute("select count(*) from raw.power__outage").fetchone() == (0,)


def test_a_text_file_will_do() -> None:
    receipt = send("停电-零报告.csv", "原因,本月各台区均未停电\n签字人,欧阳某\n".encode())
    assert (receipt.reason, receipt.state) == (None, "accepted")


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        ([["原因", "本月各台区均未停电"]], "签字人"),
        ([["原因", None], ["签字人", "欧阳某"]], "原因"),
        ([["原因", "无"], ["签字人", "/"]], "原因和签字人"),
        ([["原因", "签字人"]], "原因和签字人"),
        ([TITLES], "原因和签字人"),
    ],
)
def test_an_unsigned_or_unexplained_one_is_refused(rows: list[list[Any]], missing: str) -> None:
    assert refused(send("停电零报告.xlsx", book(*rows))) == ("F-09", f"零报告缺少{missing}")


def test_rows_are_not_nothing() -> None:
    rule_id, message = refused(send("停电零报告.xlsx", book(TITLES, outage(), *FILLED)))
    assert (rule_id, message) == ("F-09", "零报告里有数据行")


def test_a_feed_that_always_has_rows_takes_none() -> None:
    rule_id, message = refused(send("台区零报告.xlsx", book(*FILLED)))
    assert (rule_id, message) == ("F-09", "本表不能报零报告")


def test_another_month_is_refused() -> None:
    assert refused(send("停电零报告.xlsx", book(["2019年3月停电零报告"], *FILLED)))[0] == "F-05"


def test_a_header_alone_is_not_a_nil_return() -> None:
    assert refused(send("停电明细.xlsx", book(TITLES)))[0] == "F-08"


def test_rows_replace_it_and_it_replaces_rows() -> None:
    nil = send("停电零报告.xlsx", book(*FILLED))
    rows = send("停电明细.xlsx", book(TITLES, outage()))
    assert rows.reason is None, rows
    assert rows.state == "accepted"
    assert find(nil.submission_id).state == "superseded"
    again = send("停电零报告.xlsx", book(["停电零报告（更正）"], *FILLED))
    assert again.state == "accepted"
    assert find(rows.submission_id).superseded_by == again.submission_id


def test_the_times_reach_the_raw_table() -> None:
    receipt = send("停电明细.xlsx", book(TITLES, outage(outage_cause_code="跌落保险熔断")))
    assert receipt.state == "accepted", receipt
    with connect(Role.OWNER) as connection:
        row = connection.execute(
            "select started_at::text, ended_at::text, duration_minutes, outage_cause_code, outage_cause_text"
            " from raw.power__outage"
        ).fetchone()
    day = f"{PERIOD}-08"
    assert row == (f"{day} 14:05:00", f"{day} 16:20:00", 135, None, "跌落保险熔断")
