"""The reporting calendar on a real database: days, exceptions, rates and clocks."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from hearth.database import Role, connect
from hearth.period import Period
from hearth.settings import settings
from ingestion.calendar import Expectation, calendar, change, cutoff_at, end_of_day, not_expected
from ingestion.contract import contracts

pytestmark = pytest.mark.usefixtures("clean_warehouse")
COUNTY, OCTOBER = "530524", Period(2026, 10)
FEED = "water.supply"


def arrive(feed_id: str, moment: datetime, *, is_nil: bool = False, period: Period = OCTOBER) -> None:
    """A first usable file that came at a moment; its verdict a minute later."""
    department, feed = feed_id.split(".")
    number = f"{feed_id}-{period}"
    with connect(Role.OWNER) as connection:
        connection.execute(
            "insert into ops.submission (submission_id, county_code, department, feed, period, file_name, inbox_key,"
            " sha256, byte_count, state, received_at, verdict_at, is_nil_return)"
            " values (%s, %s, %s, %s, %s, 'x', 'x', %s, 1, 'accepted', %s, %s, %s)",
            [number, COUNTY, department, feed, str(period), number, moment, moment + timedelta(minutes=1), is_nil],
        )
        connection.execute(
            "insert into ops.first_arrival values (%s, %s, %s, %s, %s, %s)",
            [COUNTY, department, feed, str(period), moment, number],
        )


def timeliness(as_of: datetime) -> dict[str, str]:
    with connect(Role.PUBLISHER) as connection:
        rows = connection.execute(
            "select department || '.' || feed, timeliness from ops.reporting(%s) where period = %s",
            [as_of, str(OCTOBER)],
        ).fetchall()
    return dict(rows)


def test_every_feed_is_in_the_calendar_with_its_day_moved_off_the_weekend() -> None:
    entries = calendar(COUNTY, OCTOBER)
    assert list(entries) == list(contracts())
    entry = entries[FEED]
    assert entry.rule_due_date == date(2026, 11, 8)
    assert entry.due_at == end_of_day(date(2026, 11, 9))
    assert entry.moved_because == "11月8日周末"
    assert entry.cutoff_at == cutoff_at(OCTOBER) == end_of_day(date(2026, 11, 12))
    assert entry.expectation == Expectation.EXPECTED


def test_what_was_written_down_stays() -> None:
    calendar(COUNTY, OCTOBER)
    with connect(Role.OWNER) as connection:
        connection.execute("update ops.calendar set due_at = due_at - interval '3 days' where feed = 'supply'")
    assert calendar(COUNTY, OCTOBER)[FEED].due_at == end_of_day(date(2026, 11, 6))


def test_a_provisional_day_is_written_anew_until_it_is_due() -> None:
    far = Period(datetime.now(settings().zone).year + 1, 6)
    calendar(COUNTY, OCTOBER)
    with connect(Role.OWNER) as connection:
        connection.execute(
            "update ops.calendar set is_provisional = true, due_at = due_at - interval '1 day',"
            " cutoff_at = now() + interval '1 year' where feed = 'supply'"
        )
    written = calendar(COUNTY, OCTOBER)[FEED]
    is_over = end_of_day(date(2026, 11, 8)) <= datetime.now(settings().zone)
    assert written.is_provisional is is_over  # never after it was due
    assert calendar(COUNTY, far)[FEED].rule_due_date.year == far.year


def test_a_day_is_moved_by_a_named_person_for_a_reason() -> None:
    (entry,) = change(COUNTY, OCTOBER, [FEED], reason="系统停机检修", by="王登", due=date(2026, 11, 11))
    assert entry.due_at == end_of_day(date(2026, 11, 11))
    assert entry.moved_because == "系统停机检修"
    with connect(Role.LOADER) as connection:
        kept = connection.execute("select due_date, reason, decided_by from ops.calendar_change").fetchall()
    assert kept == [(date(2026, 11, 11), "系统停机检修", "王登")]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"due": date(2026, 11, 11), "reason": " ", "by": "王登"}, "--reason"),
        ({"due": date(2026, 11, 11), "reason": "检修", "by": ""}, "--by"),
        ({"due": date(2026, 11, 8), "reason": "检修", "by": "王登"}, "next worked day is \\[2026-11-09\\]"),
        ({"due": date(2026, 11, 12), "reason": "检修", "by": "王登"}, "not before the cut-off"),
        ({"reason": "检修", "by": "王登"}, "nothing to change"),
    ],
)
def test_a_change_that_cannot_be_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        change(COUNTY, OCTOBER, [FEED], **values)  # type: ignore[arg-type]  # the wrong calls are the point


def test_an_unknown_feed_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"\['water.suply'\] is no feed"):
        change(COUNTY, OCTOBER, ["water.suply"], reason="检修", by="王登", expectation=Expectation.NOT_EXPECTED)


def test_who_is_excused_is_not_expected_and_may_be_asked_again() -> None:
    change(COUNTY, OCTOBER, [FEED], reason="无此业务", by="王登", expectation=Expectation.NOT_EXPECTED)
    assert not_expected(COUNTY, OCTOBER) == {FEED}
    change(COUNTY, OCTOBER, [FEED], reason="恢复", by="王登", expectation=Expectation.EXPECTED)
    assert not_expected(COUNTY, OCTOBER) == frozenset()


@pytest.mark.parametrize(
    ("arrived", "word"),
    [
        (datetime(2026, 11, 4, 23, 59, 59, tzinfo=settings().zone), "early"),
        (datetime(2026, 11, 5, 0, 0, 0, tzinfo=settings().zone), "on_time"),
        (datetime(2026, 11, 9, 23, 59, 59, tzinfo=settings().zone), "on_time"),
        (datetime(2026, 11, 10, 0, 0, 0, tzinfo=settings().zone), "late"),
    ],
)
def test_the_days_on_the_boundary(arrived: datetime, word: str) -> None:
    calendar(COUNTY, OCTOBER)
    arrive(FEED, arrived)
    assert timeliness(datetime(2026, 12, 1, tzinfo=settings().zone))[FEED] == word
    assert timeliness(arrived - timedelta(seconds=1))[FEED] == "pending"
    assert timeliness(datetime(2026, 11, 10, 0, 0, 0, tzinfo=settings().zone))["water.scheme"] == "missing"


def test_rates_count_what_is_expected_only_and_lie_between_none_and_all() -> None:
    calendar(COUNTY, OCTOBER)
    mine = [feed_id for feed_id in contracts() if feed_id.startswith("power.")]
    late = datetime(2026, 11, 10, tzinfo=settings().zone)
    arrive(mine[0], late - timedelta(days=1))
    arrive(mine[1], late, is_nil=True)
    change(COUNTY, OCTOBER, [mine[2]], reason="无此业务", by="王登", expectation=Expectation.NOT_EXPECTED)
    with connect(Role.PUBLISHER) as connection:
        rows = connection.execute(
            "select department, expected, on_time, late, missing, not_expected, nil, reporting_rate, on_time_rate"
            " from ops.reporting_rate(%s) where period = %s",
            [late + timedelta(days=1), str(OCTOBER)],
        ).fetchall()
    by_department = {row[0]: row[1:] for row in rows}
    expected = len(mine) - 1
    assert by_department["power"][:6] == (expected, 1, 1, expected - 2, 1, 1)
    assert float(by_department["power"][6]) == pytest.approx(2 / expected, abs=1e-4)
    assert float(by_department["power"][7]) == pytest.approx(1 / expected, abs=1e-4)
    assert all(0 <= rate <= 1 for row in by_department.values() for rate in row[6:])


def test_two_clocks_add_up_and_waiting_on_the_warehouse_is_not_the_departments() -> None:
    calendar(COUNTY, OCTOBER)
    received = datetime(2026, 11, 11, 9, 0, tzinfo=settings().zone)
    arrive(FEED, received)
    with connect(Role.PUBLISHER) as connection:
        row = connection.execute(
            "select due_at, verdict_at, department_clock, verdict_clock from ops.reporting(%s)"
            " where department || '.' || feed = %s",
            [received + timedelta(days=1), FEED],
        ).fetchone()
    assert row is not None
    due, verdict, theirs, ours = row
    assert theirs + ours == verdict - due
    assert ours == timedelta(minutes=1)
