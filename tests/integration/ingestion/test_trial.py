"""试报: the same checks, the same answer, nothing kept that anybody builds on."""

from __future__ import annotations

import pytest

from ingestion.intake import discover, take
from ingestion.ledger import find
from ingestion.readiness import ready_periods
from ingestion.receipt import Receipt
from tests.integration.ingestion.dibao_files import FOLDER, drop, good, workbook
from tests.integration.ingestion.returned import book_of, mend, query, rows_of, send_back, states, wrong

pytestmark = pytest.mark.usefixtures("clean_warehouse")


def trial(rows: list[dict[str, object]], name: str = "试报低保.xlsx") -> Receipt:
    return take(drop(f"{FOLDER}/{name}", workbook(rows)))


def test_a_trial_is_judged_and_answered_and_never_loaded() -> None:
    receipt = trial(wrong())
    assert (receipt.state, receipt.rows_received, receipt.rows_accepted, receipt.rows_rejected) == (
        "test_passed",
        40,
        38,
        2,
    )
    assert receipt.is_test
    assert "-test-" in receipt.submission_id
    assert set(rows_of(book_of(receipt)["Sheet"])) == {"6", "11"}
    assert query("select count(*) from raw.civil_affairs__dibao") == [(0,)]
    assert query("select count(*) from vault.entry") == [(0,)]
    assert query("select count(*) from ops.first_arrival") == [(0,)]
    assert query("select count(*) from ops.submission_heading") == [(0,)]
    assert find(receipt.submission_id).version is None
    assert ready_periods("530524") == []
    assert discover("civil_affairs") == []


def test_the_same_bytes_may_then_be_sent_for_good_and_are_the_first_version() -> None:
    data = workbook(good(40))
    tried = take(drop(f"{FOLDER}/试报低保.xlsx", data))
    real = take(drop(f"{FOLDER}/低保.xlsx", data))
    assert states() == {tried.submission_id: "test_passed", real.submission_id: "accepted"}
    assert find(real.submission_id).version == 1
    assert [line.rule_id for line in real.lines if line.rule_id == "F-19"] == []


def test_a_trial_replaces_nothing_and_says_what_the_real_one_would_wait_for() -> None:
    real = take(drop(f"{FOLDER}/低保.xlsx", workbook(good(40))))
    tried = trial(good(10))
    assert tried.state == "test_passed"
    assert "F-18" in {line.rule_id for line in tried.lines}
    assert states()[real.submission_id] == "accepted"


def test_a_failed_trial_says_why() -> None:
    receipt = trial(wrong(20, range(1, 9)))
    assert receipt.state == "test_failed"
    assert receipt.reason is not None
    assert receipt.reason.rule_id == "F-17"


@pytest.mark.parametrize("name", ["（试报）低保.xlsx", "试报-低保名单.xlsx", "【试报】 低保.xlsx"])
def test_spellings(name: str) -> None:
    assert trial(good(20), name).is_test


def test_the_workbook_of_a_trial_is_tried_again_and_never_taken_for_good() -> None:
    receipt = trial(wrong())
    again = send_back(mend(receipt, {(6, "保障人口"): "2"}))
    assert (again.state, again.rows_accepted) == ("test_passed", 39)
    assert query("select count(*) from raw.civil_affairs__dibao") == [(0,)]


def test_a_mended_workbook_may_be_tried_first() -> None:
    real = take(drop(f"{FOLDER}/低保.xlsx", workbook(wrong())))
    data = mend(real, {(6, "保障人口"): "2"})
    tried = send_back(data, "试报改好.xlsx")
    assert (tried.state, tried.rows_accepted) == ("test_passed", 39)
    assert send_back(data, "改好.xlsx").state == "partially_accepted"
