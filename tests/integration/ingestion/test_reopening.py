"""F-13: a file for a closed month waits until a named person opens the month again; a late first file does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from hearth.bucket import bucket
from hearth.database import Role, connect
from hearth.settings import Settings
from ingestion import intake
from ingestion.calendar import cutoff_at
from ingestion.commands import app
from ingestion.intake import discover, take
from ingestion.ledger import find
from ingestion.readiness import ready_periods
from ingestion.receipt import Receipt
from ingestion.reopening import must_wait
from ingestion.submission import Slot
from tests.integration.ingestion.dibao_files import PERIOD, drop, good, workbook
from tests.integration.ingestion.returned import mend, query, raw_rows, states, wrong

pytestmark = pytest.mark.usefixtures("clean_warehouse")
CLOSED = PERIOD.shift(-2)
"""Its cut-off day is past whenever this runs."""
KEY = f"inbox/civil_affairs/{CLOSED}/低保.xlsx"
SLOT = Slot("530524", "civil_affairs", "dibao", str(CLOSED))
NOW = datetime.now(UTC)


def send(count: int) -> Receipt:
    return take(drop(KEY, workbook(good(count))))


def publish(submission_id: str, *, carried: bool = False, period: str = str(CLOSED)) -> None:
    with connect(Role.OWNER) as connection:
        row = connection.execute(
            "insert into ops.build (county_code, period, state, code_version) values ('530524', %s, 'published', 'x')"
            " returning build_id",
            [period],
        ).fetchone()
        assert row is not None
        connection.execute(
            "insert into ops.build_input values (%s, 'civil_affairs', 'dibao', %s, %s, %s, 0)",
            [row[0], submission_id, period, carried],
        )
        connection.execute("update ops.publication set state = 'replaced' where period = %s", [period])
        connection.execute(
            "insert into ops.publication (build_id, county_code, period, household_count) values (%s, '530524', %s, 1)",
            [row[0], period],
        )


def reopen(*options: str) -> Any:
    return CliRunner().invoke(app, ["reopen", str(CLOSED), *options], env={"COLUMNS": "200"})


WHO = ("--by", "慕容某", "--reason", "漏报两户")


@pytest.fixture
def published() -> Receipt:
    first = send(40)
    publish(first.submission_id)
    assert ready_periods("530524") == []
    return first


def test_a_resend_waits_and_the_published_rows_stay(published: Receipt) -> None:
    second = send(41)
    assert second.state == "awaiting_reopening"
    assert second.reason is not None
    assert second.reason.rule_id == "F-13"
    assert (second.rows_received, second.rows_accepted, second.rows_rejected) == (41, 41, 0)
    assert states() == {published.submission_id: "accepted", second.submission_id: "awaiting_reopening"}
    assert raw_rows(second.submission_id) == {}
    assert ready_periods("530524") == []
    assert discover("civil_affairs") == []


def test_a_named_reopening_lets_it_in_and_the_month_is_restated(published: Receipt) -> None:
    second = send(41)
    received = find(second.submission_id).received_at
    result = reopen("--feed", "civil_affairs.dibao", *WHO)
    assert result.exit_code == 0, result.output
    assert f"{second.submission_id}: accepted" in result.output
    assert query("select department, feed, reason, opened_by from ops.reopening") == [
        ("civil_affairs", "dibao", "漏报两户", "慕容某")
    ]
    entry = find(second.submission_id)
    assert (entry.state, entry.version, entry.received_at) == ("accepted", 2, received)
    assert len(raw_rows(second.submission_id)) == 41
    assert states()[published.submission_id] == "superseded"
    assert ready_periods("530524") == [str(CLOSED)]
    assert send(42).state == "accepted"  # open for as long as was said


def test_the_next_intake_finds_what_may_go_on(published: Receipt) -> None:
    second = send(41)
    with connect(Role.OWNER) as connection:
        connection.execute(
            "insert into ops.reopening (county_code, period, department, reason, opened_by, open_until)"
            " values ('530524', %s, 'civil_affairs', 'x', 'y', now() + interval '1 day')",
            [str(CLOSED)],
        )
    (key,) = discover("civil_affairs")
    assert key == f"submission/{second.submission_id}"
    assert discover(None) == []
    assert take(key).state == "accepted"
    assert take(key).state == "accepted"
    assert len(raw_rows(second.submission_id)) == 41


@pytest.mark.parametrize(
    ("options", "waits"),
    [
        ((), False),
        (("--department", "civil_affairs"), False),
        (("--feed", "civil_affairs.dibao"), False),
        (("--feed", "civil_affairs.tekun"), True),
        (("--department", "education"), True),
    ],
)
def test_a_reopening_covers_what_it_names(published: Receipt, options: tuple[str, ...], waits: bool) -> None:
    assert must_wait(SLOT, NOW, "required")
    assert reopen(*options, *WHO).exit_code == 0
    assert must_wait(SLOT, NOW, "required") is waits


def test_it_ends_and_needs_a_name_and_a_reason(published: Receipt) -> None:
    assert reopen(*WHO).exit_code == 0
    with connect(Role.OWNER) as connection:
        connection.execute(
            "update ops.reopening set opened_at = opened_at - interval '9 days', open_until = now() - interval '1 day'"
        )
    assert must_wait(SLOT, NOW, "required")
    assert reopen("--by", " ", "--reason", "x").exit_code != 0
    assert reopen("--by", "x").exit_code != 0
    assert reopen("--feed", "nobody.nothing", *WHO).exit_code != 0
    assert len(query("select 1 from ops.reopening")) == 1


def test_a_late_first_file_of_a_published_month_is_taken(published: Receipt) -> None:
    month = str(CLOSED.shift(1))
    publish(published.submission_id, carried=True, period=month)
    late = take(drop(f"inbox/civil_affairs/{month}/低保.xlsx", workbook(good(40))))
    assert (late.state, late.is_late) == ("accepted", True)
    assert month in ready_periods("530524")


def test_before_the_cutoff_a_published_month_may_still_be_mended(published: Receipt) -> None:
    before = cutoff_at(CLOSED) - timedelta(minutes=1)
    assert not must_wait(SLOT, before, "required")
    assert must_wait(SLOT, before + timedelta(minutes=2), "required")


def test_the_county_may_do_without(published: Receipt, clean_warehouse: Settings, monkeypatch: Any) -> None:
    automatic = clean_warehouse.model_copy(update={"reopening": "automatic"})
    monkeypatch.setattr(intake, "settings", lambda: automatic)
    assert send(41).state == "accepted"


def test_a_worse_file_is_refused_and_does_not_wait(published: Receipt) -> None:
    assert take(drop(KEY, workbook(wrong(20, range(1, 15))))).state == "rejected"


def test_a_mended_workbook_waits_too(clean_warehouse: Settings) -> None:
    first = take(drop(KEY, workbook(wrong())))
    publish(first.submission_id)
    data = mend(first, {(6, "保障人口"): "2"})
    second = take(drop(f"inbox/civil_affairs/{CLOSED}/改好.xlsx", data))
    assert second.state == "awaiting_reopening"
    assert f"{second.submission_id}: partially_accepted" in reopen(*WHO).output
    assert find(second.submission_id).parent_submission_id == first.submission_id


def test_an_earlier_file_sent_again_does_not_come_back_by_itself(published: Receipt) -> None:
    reopened = reopen(*WHO)
    assert reopened.exit_code == 0
    second = send(41)
    publish(second.submission_id)
    with connect(Role.OWNER) as connection:
        connection.execute("delete from ops.reopening")
    (key,) = query("select archive_key from ops.submission where submission_id = %s", published.submission_id)[0]
    answer = take(drop(KEY, (bucket() / key).read_bytes()))
    assert answer.submission_id == published.submission_id
    assert answer.lines[0].rule_id == "F-13"
    assert states()[second.submission_id] == "accepted"
