"""Which months the ledger calls ready."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count

import psycopg
import pytest

from hearth.database import Role, connect
from hearth.period import Period
from hearth.settings import Settings
from ingestion.calendar import Expectation, change, cutoff_at
from ingestion.contract import contracts
from ingestion.ledger import periods_past_cutoff, ready_periods, waiting_periods
from ingestion.readiness import spine_feeds

pytestmark = pytest.mark.usefixtures("clean_warehouse")
COUNTY, MONTH = "530524", "2026-03"
_numbers = count(1)


def receive(connection: psycopg.Connection, feed_id: str, period: str = MONTH, county: str = COUNTY) -> str:
    """A submission that becomes the live one of its feed and month."""
    department, feed = feed_id.split(".")
    number = f"s{next(_numbers)}"
    connection.execute(
        "insert into ops.submission (submission_id, county_code, department, feed, period, file_name, inbox_key,"
        " sha256, byte_count, state) values (%s, %s, %s, %s, %s, 'x', 'x', %s, 1, 'claimed')",
        [number, county, department, feed, period, number],
    )
    connection.execute(
        "update ops.submission set state = 'superseded', superseded_by = %s where county_code = %s and department = %s"
        " and feed = %s and period = %s and state in ('accepted', 'partially_accepted')",
        [number, county, department, feed, period],
    )
    connection.execute("update ops.submission set state = 'accepted' where submission_id = %s", [number])
    return number


def build(connection: psycopg.Connection, inputs: dict[str, str], state: str, period: str = MONTH) -> int:
    row = connection.execute(
        "insert into ops.build (county_code, period, state, code_version) values (%s, %s, %s, 'test')"
        " returning build_id",
        [COUNTY, period, state],
    ).fetchone()
    assert row is not None
    for feed_id, number in inputs.items():
        department, feed = feed_id.split(".")
        connection.execute(
            "insert into ops.build_input values (%s, %s, %s, %s, %s, false, 0)",
            [row[0], department, feed, number, period],
        )
    return int(row[0])


def publish(
    connection: psycopg.Connection,
    inputs: dict[str, str],
    period: str = MONTH,
    *,
    carried_history: dict[str, str] | None = None,
) -> None:
    build_id = build(connection, inputs, "published", period)
    remember(connection, build_id, carried_history or {}, "2026-01")
    connection.execute(
        "insert into ops.publication (build_id, county_code, period, household_count) values (%s, %s, %s, 1)",
        [build_id, COUNTY, period],
    )


def remember(connection: psycopg.Connection, build_id: int, inputs: dict[str, str], period: str) -> None:
    """What a build reads of an earlier month as it is published."""
    for feed_id in sorted(read_back() | spine_feeds()):
        if feed_id in inputs:
            connection.execute(
                "insert into ops.build_history values (%s, %s, %s, %s, %s)",
                [build_id, *feed_id.split("."), period, inputs[feed_id]],
            )


def read_back() -> set[str]:
    """Feeds of which a number of months is read; of the register's it is the newest month before."""
    with connect(Role.OWNER) as connection:
        found = "select department || '.' || feed from ops.feed_history where months is not null"
        return {row[0] for row in connection.execute(found.encode())}


def carried(inputs: dict[str, str]) -> dict[str, str]:
    """Without feeds of events, which are of their month alone."""
    return {feed: number for feed, number in inputs.items() if contracts()[feed].semantics != "event"}


def everything(connection: psycopg.Connection, period: str = MONTH) -> dict[str, str]:
    return {feed_id: receive(connection, feed_id, period) for feed_id in contracts()}


def past(month: str = MONTH) -> datetime:
    return cutoff_at(Period.parse(month)) + timedelta(seconds=1)


def test_nothing_received_nothing_ready() -> None:
    assert ready_periods(COUNTY) == []
    assert periods_past_cutoff(COUNTY, past()) == []


def test_complete_months_are_ready_in_order_until_published() -> None:
    with connect(Role.OWNER) as connection:
        inputs = everything(connection)
        everything(connection, "2026-01")
        receive(connection, "civil_affairs.dibao", county="110101")
    assert ready_periods(COUNTY) == ["2026-01", MONTH]
    assert ready_periods("110101") == []
    with connect(Role.OWNER) as connection:
        publish(connection, inputs)
    assert ready_periods(COUNTY) == ["2026-01"]
    with connect(Role.OWNER) as connection:
        receive(connection, "civil_affairs.dibao")
    assert ready_periods(COUNTY) == ["2026-01", MONTH]


def test_incomplete_month_waits_for_the_cutoff_and_for_the_register() -> None:
    with connect(Role.OWNER) as connection:
        inputs = {feed_id: receive(connection, feed_id) for feed_id in sorted(spine_feeds())[:1]}
    assert ready_periods(COUNTY) == []
    assert periods_past_cutoff(COUNTY, past()) == []
    with connect(Role.OWNER) as connection:
        inputs |= {feed_id: receive(connection, feed_id) for feed_id in sorted(spine_feeds())[1:]}
    assert ready_periods(COUNTY) == []
    assert periods_past_cutoff(COUNTY, past() - timedelta(seconds=2)) == []
    assert periods_past_cutoff(COUNTY, past()) == [MONTH]
    with connect(Role.OWNER) as connection:
        publish(connection, inputs)
    assert periods_past_cutoff(COUNTY, past()) == []
    with connect(Role.OWNER) as connection:  # a late feed of a published month
        receive(connection, "water.supply")
    assert ready_periods(COUNTY) == [MONTH]


def test_restated_input_makes_the_later_month_that_carried_it_ready() -> None:
    with connect(Role.OWNER) as connection:
        january = everything(connection, "2026-01")
        spine = {feed_id: receive(connection, feed_id) for feed_id in spine_feeds()}
        publish(connection, january, "2026-01")
        publish(connection, carried(january) | spine, carried_history=january)
    assert ready_periods(COUNTY) == []
    with connect(Role.OWNER) as connection:
        receive(connection, "civil_affairs.dibao", "2026-01")
    assert ready_periods(COUNTY) == ["2026-01", MONTH]


def test_late_file_makes_just_the_later_months_ready_that_would_carry_it(clean_warehouse: Settings) -> None:
    """February's list comes after March was closed with January's."""
    feed_id = min(set(carried(dict.fromkeys(contracts(), ""))) - spine_feeds() - read_back())
    with connect(Role.OWNER) as connection:
        january = everything(connection, "2026-01")
        february = {feed: receive(connection, feed, "2026-02") for feed in january if feed != feed_id}
        march = {feed: receive(connection, feed) for feed in january if feed != feed_id}
        april = everything(connection, "2026-04")
        publish(connection, january, "2026-01")
        late = {feed_id: january[feed_id]}
        for inputs, period in ((february | late, "2026-02"), (march | late, MONTH), (april, "2026-04")):
            build_id = build(connection, inputs, "published", period)
            connection.execute(
                "insert into ops.publication (build_id, county_code, period, household_count) values (%s, %s, %s, 1)",
                [build_id, COUNTY, period],
            )
            before = [
                month for month in (("2026-01", january), ("2026-02", february), (MONTH, march)) if month[0] < period
            ]
            for earlier, theirs in before:
                nearest = earlier == before[-1][0]
                told = {feed: theirs[feed] for feed in theirs if nearest or feed not in spine_feeds()}
                remember(connection, build_id, told, earlier)
    assert ready_periods(COUNTY) == []
    with connect(Role.OWNER) as connection:
        receive(connection, feed_id, "2026-02")
    assert ready_periods(COUNTY) == ["2026-02", MONTH], "April has its own list"
    assert waiting_periods(COUNTY, past("2026-04")) == ["2026-02", MONTH]


def test_month_that_reads_an_earlier_one_is_ready_once_that_is_published_again(clean_warehouse: Settings) -> None:
    """In order: as long as January is not published again, there is nothing new to read in it."""
    feed_id = max(read_back())
    with connect(Role.OWNER) as connection:
        january, march = everything(connection, "2026-01"), everything(connection)
        publish(connection, january, "2026-01")
        publish(connection, march, carried_history=january)
    assert ready_periods(COUNTY) == []
    with connect(Role.OWNER) as connection:
        january[feed_id] = receive(connection, feed_id, "2026-01")
    assert ready_periods(COUNTY) == ["2026-01"]
    with connect(Role.OWNER) as connection:
        connection.execute("update ops.publication set state = 'replaced' where period = '2026-01'")
        publish(connection, january, "2026-01")
    assert ready_periods(COUNTY) == [MONTH]
    with connect(Role.OWNER) as connection:
        connection.execute("update ops.publication set state = 'replaced' where period = %s", [MONTH])
        publish(connection, march, carried_history=january)
    assert ready_periods(COUNTY) == []


def test_corrected_register_restates_the_next_published_month_too(clean_warehouse: Settings) -> None:
    """March says who came and who left since January; April says it since March."""
    with connect(Role.OWNER) as connection:
        january, march, april = (everything(connection, period) for period in ("2026-01", MONTH, "2026-04"))
        publish(connection, january, "2026-01")
        publish(connection, march, carried_history=january)
        publish(connection, april, "2026-04")
        build_id = connection.execute("select max(build_id) from ops.build").fetchone()
        assert build_id is not None
        remember(connection, build_id[0], {feed: january[feed] for feed in read_back()}, "2026-01")
        remember(connection, build_id[0], march, MONTH)
    assert ready_periods(COUNTY) == []
    corrected = max(spine_feeds())
    with connect(Role.OWNER) as connection:
        january[corrected] = receive(connection, corrected, "2026-01")
        connection.execute("update ops.publication set state = 'replaced' where period = '2026-01'")
        publish(connection, january, "2026-01")
    assert ready_periods(COUNTY) == [MONTH]


def test_department_that_was_left_out_does_not_wake_the_month_again_and_again(clean_warehouse: Settings) -> None:
    with connect(Role.OWNER) as connection:
        inputs = everything(connection)
        feed_id = min(set(inputs) - spine_feeds())
        number = inputs.pop(feed_id)
        publish(connection, inputs)
    assert ready_periods(COUNTY) == [MONTH]
    with connect(Role.OWNER) as connection:
        connection.execute(
            "insert into ops.build_left_out (build_id, department, feed, submission_id, reason)"
            " select max(build_id), %s, %s, %s, 'staging' from ops.build",
            [*feed_id.split("."), number],
        )
    assert ready_periods(COUNTY) == []
    with connect(Role.OWNER) as connection:
        receive(connection, feed_id)
    assert ready_periods(COUNTY) == [MONTH]


def test_month_that_the_gate_blocked_waits_for_something_new() -> None:
    with connect(Role.OWNER) as connection:
        inputs = everything(connection)
        build(connection, inputs, "failed")
    assert ready_periods(COUNTY) == [MONTH]
    with connect(Role.OWNER) as connection:
        build(connection, inputs, "blocked")
    assert ready_periods(COUNTY) == []
    with connect(Role.OWNER) as connection:
        receive(connection, "power.connection")
    assert ready_periods(COUNTY) == [MONTH]


def test_blocked_restatement_of_a_published_month_waits_too() -> None:
    with connect(Role.OWNER) as connection:
        inputs = everything(connection)
        publish(connection, inputs)
        inputs["civil_affairs.dibao"] = receive(connection, "civil_affairs.dibao")
    assert ready_periods(COUNTY) == [MONTH]
    with connect(Role.OWNER) as connection:
        build(connection, inputs, "blocked")
    assert ready_periods(COUNTY) == []


def test_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        periods_past_cutoff(COUNTY, datetime(2026, 4, 13))  # noqa: DTZ001 - the point of the test


def test_register_feeds_are_the_spine() -> None:
    assert spine_feeds() == {"register.household", "register.member"}


def test_a_month_does_not_wait_for_a_feed_that_is_excused() -> None:
    excused = min(set(contracts()) - spine_feeds())
    with connect(Role.OWNER) as connection:
        for feed_id in contracts():
            if feed_id != excused:
                receive(connection, feed_id)
    assert ready_periods(COUNTY) == []
    change(COUNTY, Period.parse(MONTH), [excused], reason="系统改造", by="王登", expectation=Expectation.NOT_EXPECTED)
    assert ready_periods(COUNTY) == [MONTH]
