"""Accepted files judged anew when the contract has changed: the department does nothing, and nothing is late by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from hearth.database import Role, connect
from ingestion import ledger
from ingestion.commands import app
from ingestion.contract import contracts
from ingestion.intake import take
from ingestion.receipt import Receipt
from ingestion.rejudge import rejudge, to_judge
from tests.integration.ingestion.dibao_files import KEY, PERIOD, drop, good, workbook
from tests.integration.ingestion.returned import book_of, mend, query, send_back, states, wrong

pytestmark = pytest.mark.usefixtures("clean_warehouse")
FEED = "civil_affairs.dibao"
COUNTY = "530524"
WHO = {"by": "王工", "reason": "合同升级"}


@contextmanager
def earlier_contract(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Days on which the contract had an older version without any rule about rows."""
    old = replace(contracts()[FEED], version="0.9.0", rules=())
    with monkeypatch.context() as patch:
        for room in ("inbox", "intake"):
            patch.setattr(f"ingestion.{room}.contracts", lambda: {**contracts(), FEED: old})
        yield


def beyond(count: int, faults: int) -> list[dict[str, Any]]:
    """Rows of which some cover more persons than the household has, which a rule of today refuses."""
    rows = good(count)
    for row in rows[:faults]:
        row["covered_count"] = "9"
    return rows


def taken_earlier(monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]] | bytes) -> Receipt:
    with earlier_contract(monkeypatch):
        receipt = take(drop(KEY, rows if isinstance(rows, bytes) else workbook(rows)))
    assert (receipt.is_accepted, receipt.contract_version) == (True, "0.9.0")
    return receipt


def due() -> list[Any]:
    return to_judge(COUNTY, PERIOD, PERIOD, feed_id=FEED)


def test_a_new_verdict_supersedes_the_old_one_and_nothing_gets_late(monkeypatch: pytest.MonkeyPatch) -> None:
    before = taken_earlier(monkeypatch, beyond(40, 2))
    arrival = query("select * from ops.first_arrival")
    (entry,) = due()
    told = rejudge(entry)
    assert (told.rows_accepted, told.rows_rejected, told.made) == (38, 2, None)
    assert (0, 2) in (told.rules or {}).values()
    assert states() == {before.submission_id: "accepted"}
    assert query("select count(*) from ops.rejudgement") == [(0,)]
    done = rejudge(entry, **WHO, apply=True)
    assert done.made is not None
    assert states() == {before.submission_id: "superseded", done.made: "partially_accepted"}
    new, old = ledger.find(done.made), ledger.find(before.submission_id)
    assert (new.received_at, new.due_at, new.sha256, new.version) == (old.received_at, old.due_at, old.sha256, 2)
    assert (new.contract_version, old.superseded_by, new.rejudged_of) == (
        contracts()[FEED].version,
        done.made,
        before.submission_id,
    )
    assert query("select * from ops.first_arrival") == arrival
    assert query("select judged_by, state, made_submission_id from ops.rejudgement") == [
        ("王工", "partially_accepted", done.made)
    ]
    assert query("select count(*) from raw.civil_affairs__dibao where submission_id = %s", done.made) == [(38,)]
    assert due() == []
    # The receipt says that nothing is to be sent, and has the rows to mend; these are taken as any others.
    receipt = take(f"submission/{done.made}")
    assert (receipt.rows_to_mend, receipt.is_late) == (2, before.is_late)
    assert any(line.rule_id == "S-04" and line.fix == "无需重报" for line in receipt.lines)
    after = send_back(mend(receipt, {(2, "保障人口"): "2", (3, "保障人口"): "2"}))
    assert (after.state, after.rows_accepted, after.parent_submission_id) == ("accepted", 40, done.made)


def test_bytes_and_workbooks_of_before_still_find_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = wrong(40)
    rows[0]["covered_count"] = "9"
    data = workbook(rows)
    before = taken_earlier(monkeypatch, data)
    done = rejudge(due()[0], **WHO, apply=True)
    assert take(drop(KEY, data)).submission_id == done.made
    after = send_back(mend(before, {(6, "保障人口"): "2", (11, "保障人口"): "2"}))
    assert (after.parent_submission_id, after.rows_accepted, after.rows_rejected) == (done.made, 39, 1)
    assert [row[2] for row in book_of(after).worksheets[1].values][1:] == ["2"]


def test_a_mended_workbook_is_judged_with_the_rows_it_was_merged_onto(monkeypatch: pytest.MonkeyPatch) -> None:
    first = taken_earlier(monkeypatch, wrong(40, [5, 10, 15]))
    with earlier_contract(monkeypatch):
        mended = send_back(mend(first, {(6, "保障人口"): "9"}, delete=[11]))
    assert (mended.rows_accepted, mended.rows_rejected, mended.contract_version) == (38, 2, "0.9.0")
    done = rejudge(due()[0], **WHO, apply=True)
    assert (done.before.submission_id, done.rows_accepted, done.rows_rejected) == (mended.submission_id, 37, 3)
    again = ledger.find(done.made or "")
    assert again.parent_submission_id == first.submission_id
    after = send_back(mend(take(f"submission/{done.made}"), {(6, "保障人口"): "2", (16, "保障人口"): "2"}), "再改.xlsx")
    assert (after.rows_accepted, after.rows_rejected) == (39, 1)


def test_what_would_no_longer_be_taken_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    before = taken_earlier(monkeypatch, beyond(20, 19))
    told = rejudge(due()[0], **WHO, apply=True)
    assert told.reason is not None
    assert (told.reason.rule_id, told.made) == ("F-17", None)
    assert states() == {before.submission_id: "accepted"}
    assert query("select state, reason_rule_id, made_submission_id from ops.rejudgement") == [
        ("rejected", "F-17", None)
    ]
    with pytest.raises(ValueError, match="named person"):
        rejudge(due()[0], apply=True)


def test_a_closed_month_waits_for_its_reopening(monkeypatch: pytest.MonkeyPatch) -> None:
    before = taken_earlier(monkeypatch, good(20))
    monkeypatch.setattr("ingestion.reopening.must_wait", lambda *_: True)
    told = rejudge(due()[0], **WHO, apply=True)
    assert (told.state, told.made) == ("awaiting_reopening", None)
    assert states() == {before.submission_id: "accepted"}


def test_the_command_says_what_changes_and_applies_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    before = taken_earlier(monkeypatch, beyond(40, 2))
    run = CliRunner().invoke(app, ["rejudge", str(PERIOD), "--feed", FEED], env={"COLUMNS": "240"})
    assert run.exit_code == 0, run.output
    assert "0.9.0→" in run.output
    assert "40→38" in run.output
    assert "would be taken" in run.output
    assert CliRunner().invoke(app, ["rejudge", str(PERIOD), "--apply"]).exit_code == 2
    options = ["--apply", "--by", "王工", "--reason", "合同升级"]
    run = CliRunner().invoke(app, ["rejudge", str(PERIOD), *options], env={"COLUMNS": "240"})
    assert run.exit_code == 0, run.output
    assert f"is now {before.submission_id}-r2" in run.output
    again = CliRunner().invoke(app, ["rejudge", str(PERIOD), *options, "--all"], env={"COLUMNS": "240"})
    assert f"is now {before.submission_id}-r3" in again.output


def test_the_loader_cannot_change_what_was_judged_when() -> None:
    with connect(Role.LOADER) as connection, pytest.raises(Exception, match="permission denied"):
        connection.execute("delete from ops.rejudgement")
