"""The reporting calendar: what is expected of whom for a month, and until when.

The rule is the contract's: a day of the following month (the 8th where notice 002 says nothing else, C1), moved to the
next worked day when offices are closed on it. A named person may move a day or waive a report, with a reason. What was
once written down for a month stays: a contract or a holiday table that changes later does not make anybody late.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

import psycopg
from psycopg.rows import class_row

from hearth.database import Role, connect
from hearth.period import Period
from hearth.settings import settings
from hearth.workdays import due_date, is_announced, named_day, next_workday, why_not_worked
from ingestion.contract import contracts


class Expectation(StrEnum):
    """Whether a feed has to be sent for a month."""

    EXPECTED = "expected"
    NOT_EXPECTED = "not_expected"

    @property
    def zh(self) -> str:
        return {"expected": "应报", "not_expected": "免报"}[self.value]


@dataclass(frozen=True, slots=True)
class Entry:
    """One feed of one month in the calendar. Moments have a time zone."""

    county_code: str
    period: str
    department: str
    feed: str
    expectation: str
    rule_due_date: date
    due_at: datetime
    cutoff_at: datetime
    moved_because: str | None
    is_provisional: bool

    @property
    def feed_id(self) -> str:
        return f"{self.department}.{self.feed}"


def end_of_day(day: date) -> datetime:
    """Last moment of a day in the installation's zone."""
    return datetime.combine(day + timedelta(days=1), time.min, settings().zone) - timedelta(microseconds=1)


def cutoff_at(period: Period) -> datetime:
    """When a month is closed with what has come: the end of day ``cutoff_day`` of the month after it.

    A holiday that pushes the due dates past that day pushes the cut-off with them: one worked day remains between.
    """
    following = period.shift(1).first_day
    latest_due = max(due_date(period, contract.due_day) for contract in contracts().values())
    day = next_workday(latest_due + timedelta(days=1))
    return end_of_day(max(following.replace(day=settings().cutoff_day), day))


def _entry(county_code: str, period: Period, feed_id: str) -> Entry:
    contract = contracts()[feed_id]
    named = named_day(period, contract.due_day)
    why = why_not_worked(named)
    return Entry(
        county_code=county_code,
        period=str(period),
        department=contract.department,
        feed=contract.feed,
        expectation=Expectation.EXPECTED,
        rule_due_date=named,
        due_at=end_of_day(due_date(period, contract.due_day)),
        cutoff_at=cutoff_at(period),
        moved_because=f"{named.month}月{named.day}日{why}" if why else None,
        is_provisional=not is_announced(named.year),
    )


_COLUMNS = tuple(Entry.__dataclass_fields__)


def _written(connection: psycopg.Connection, county_code: str, period: Period) -> dict[str, Entry]:
    with connection.cursor(row_factory=class_row(Entry)) as cursor:
        rows = cursor.execute(
            "select county_code, period, department, feed, expectation, rule_due_date, due_at, cutoff_at,"
            " moved_because, is_provisional from ops.calendar where county_code = %s and period = %s",
            [county_code, str(period)],
        ).fetchall()
    return {entry.feed_id: entry for entry in rows}


def calendar(county_code: str, period: Period) -> dict[str, Entry]:
    """The month's calendar by feed id, in the order of the contracts; what is not yet written down is, now.

    An entry of a year whose holidays were provisional is written anew once they are announced, before it is due.
    """
    with connect(Role.LOADER) as connection:
        written = _written(connection, county_code, period)
        fresh = [
            _entry(county_code, period, feed_id)
            for feed_id in contracts()
            if feed_id not in written or (written[feed_id].is_provisional and is_announced(period.shift(1).year))
        ]
        for entry in fresh:
            connection.execute(
                "insert into ops.calendar (county_code, period, department, feed, expectation, rule_due_date, due_at,"
                " cutoff_at, moved_because, is_provisional) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
                " on conflict (county_code, period, department, feed) do update set due_at = excluded.due_at,"
                " cutoff_at = excluded.cutoff_at, moved_because = excluded.moved_because,"
                " is_provisional = excluded.is_provisional"
                " where ops.calendar.is_provisional and ops.calendar.due_at > now() and not exists ("
                " select from ops.calendar_change as change where change.county_code = excluded.county_code"
                " and change.period = excluded.period and change.department = excluded.department"
                " and change.feed = excluded.feed)",
                [getattr(entry, name) for name in _COLUMNS],
            )
        found = _written(connection, county_code, period) if fresh else written
    return {feed_id: found[feed_id] for feed_id in contracts()}


def not_expected(county_code: str, period: Period) -> frozenset[str]:
    """Feed ids that nobody has to send for the month."""
    entries = calendar(county_code, period)
    return frozenset(name for name, entry in entries.items() if entry.expectation == Expectation.NOT_EXPECTED)


def change(
    county_code: str,
    period: Period,
    feed_ids: Iterable[str],
    *,
    reason: str,
    by: str,
    due: date | None = None,
    expectation: Expectation | None = None,
) -> list[Entry]:
    """Move the due day of feeds, or waive (ask for again) their report. Returns what the calendar says now.

    Raises ValueError for an unknown feed, a blank reason or name, a day off, or a day after the month's cut-off.
    """
    if not reason.strip() or not by.strip():
        raise ValueError("the calendar is changed by a named person for a stated reason; give --by and --reason")
    if due is None and expectation is None:
        raise ValueError("nothing to change: give a day, or say whether the report is expected")
    chosen = sorted(feed_ids)
    if unknown := [name for name in chosen if name not in contracts()]:
        raise ValueError(f"{unknown} is no feed; known: {', '.join(contracts())}")
    entries = calendar(county_code, period)
    if due is not None and (why := why_not_worked(due)):
        raise ValueError(f"[{due}] is not worked ({why}); the next worked day is [{next_workday(due)}]")
    if due is not None and end_of_day(due) >= entries[chosen[0]].cutoff_at:
        raise ValueError(f"[{due}] is not before the cut-off of [{period}], {entries[chosen[0]].cutoff_at:%Y-%m-%d}")
    with connect(Role.LOADER) as connection:
        for name in chosen:
            department, feed = name.split(".")
            values = {
                "county": county_code,
                "period": str(period),
                "department": department,
                "feed": feed,
                "expectation": expectation,
                "due": due,
                "due_at": None if due is None else end_of_day(due),
                "reason": reason.strip(),
                "by": by.strip(),
            }
            connection.execute(
                "insert into ops.calendar_change (county_code, period, department, feed, expectation, due_date, reason,"
                " decided_by) values (%(county)s, %(period)s, %(department)s, %(feed)s, %(expectation)s, %(due)s,"
                " %(reason)s, %(by)s)",
                values,
            )
            connection.execute(
                "update ops.calendar set expectation = coalesce(%(expectation)s, expectation),"
                " due_at = coalesce(%(due_at)s, due_at), moved_because = %(reason)s where county_code = %(county)s"
                " and period = %(period)s and department = %(department)s and feed = %(feed)s",
                values,
            )
        now = _written(connection, county_code, period)
    return [now[name] for name in chosen]
