"""Months that are closed in any order, and a backfill that is broken off: the ledger comes to the same end.

What the backfill DAG asks (``waiting_periods``) and what the close plans (``plan_build``), with nothing built between.
"""

from __future__ import annotations

from datetime import datetime

import pytest

from hearth.database import Role, connect
from hearth.settings import settings
from ingestion.contract import contracts
from ingestion.ledger import waiting_periods
from publishing.plan import plan_build

pytestmark = pytest.mark.usefixtures("clean_warehouse")
COUNTY = "530524"
MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04", "2026-05")
LATER = datetime(2026, 12, 1, tzinfo=settings().zone)

Reads = dict[str, list[tuple[object, ...]]]
"""Month -> every submission that its live publication has read, of which month."""


def _receive(months: tuple[str, ...]) -> None:
    with connect(Role.OWNER) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.submission (submission_id, county_code, department, feed, period, file_name, inbox_key,"
            " sha256, byte_count, state) values (%s, %s, %s, %s, %s, 'x', 'x', %s, 1, 'accepted')",
            [
                (f"{feed}-{month}", COUNTY, *feed.split("."), month, f"{feed}-{month}")
                for month in months
                for feed in contracts()
            ],
        )


def _close(month: str) -> bool:
    """Plan and publish a month as the close does; False: there was nothing to do."""
    build_id = plan_build(COUNTY, month)
    if build_id is None:
        return False
    with connect(Role.OWNER) as connection:
        connection.execute(
            "update ops.publication set state = 'replaced' where county_code = %s and period = %s and state = 'live'",
            [COUNTY, month],
        )
        connection.execute("update ops.build set state = 'published' where build_id = %s", [build_id])
        connection.execute(
            "insert into ops.publication (build_id, county_code, period, household_count) values (%s, %s, %s, 1)",
            [build_id, COUNTY, month],
        )
    return True


def _go_on() -> list[str]:
    """The oldest month that waits, until none does."""
    closed: list[str] = []
    while waiting := waiting_periods(COUNTY, LATER):
        assert _close(waiting[0]), f"[{waiting[0]}] waits, and the close has nothing to do"
        closed.append(waiting[0])
        assert len(closed) < 30, closed
    return closed


def _what_was_read() -> Reads:
    with connect(Role.OWNER) as connection:
        rows = connection.execute(
            "select live.period, read.* from ops.publication as live join ("
            " select build_id, submission_id, source_period, '' from ops.build_input"
            " union all select build_id, submission_id, '', period from ops.build_history"
            ") as read using (build_id) where live.state = 'live' order by 1, 3, 4, 5"
        ).fetchall()
    reads: Reads = {}
    for period, _, *read in rows:
        reads.setdefault(period, []).append(tuple(read))
    return reads


def test_months_closed_in_any_order_read_in_the_end_what_they_read_in_order() -> None:
    orders = (MONTHS, MONTHS[::-1], ("2026-03", "2026-05", "2026-01", "2026-04", "2026-02"))
    found = []
    for order in orders:
        with connect(Role.OWNER) as connection:
            connection.execute("truncate ops.submission, ops.build, ops.publication cascade")
        for month in order:
            _receive((month,))
            assert _close(month)
        again = _go_on()
        assert len(again) == len(set(again)), f"oldest first, none is closed twice: {again}"
        found.append(_what_was_read())
    assert list(found[0]) == list(MONTHS)
    assert found[1] == found[0]
    assert found[2] == found[0]


def test_a_backfill_that_was_broken_off_goes_on_with_the_rest() -> None:
    _receive(MONTHS)
    assert waiting_periods(COUNTY, LATER) == list(MONTHS)
    for month in MONTHS[:2]:
        assert _close(month)
    with connect(Role.OWNER) as connection:  # killed inside the third: its build stays behind, unfinished
        assert plan_build(COUNTY, MONTHS[2]) is not None
        assert connection.execute("select count(*) from ops.publication").fetchone() == (2,)
    assert waiting_periods(COUNTY, LATER) == list(MONTHS[2:])
    assert not _close(MONTHS[0]), "what is published is not built again"
    assert _go_on() == list(MONTHS[2:])
    assert len(_what_was_read()) == len(MONTHS)
