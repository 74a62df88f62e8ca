"""Closed months, and named exceptions to their close (F-13).

A month is closed for a feed when its cut-off day has passed and its live publication was built from a file of this
feed and month: a resend would restate what people have read. A feed that the publication only carries forward, or does
not have, is late and not closed: its first file is taken and restates the month. The setting ``reopening`` may switch
the waiting off.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg.rows import class_row

from hearth.database import Role, connect
from hearth.period import Period
from ingestion.calendar import cutoff_at
from ingestion.submission import Slot


@dataclass(frozen=True, slots=True)
class Reopening:
    """One exception: who opened what, why, until when. Department or feed None: all."""

    reopening_id: int
    county_code: str
    period: str
    department: str | None
    feed: str | None
    reason: str
    opened_by: str
    opened_at: datetime
    open_until: datetime


def must_wait(slot: Slot, now: datetime, policy: Literal["required", "automatic"]) -> bool:
    """Whether a file of this feed and month has to wait for a reopening. ``now`` has a time zone."""
    if policy == "automatic" or slot.period is None or slot.feed is None:
        return False
    if now <= cutoff_at(Period.parse(slot.period)):
        return False
    values = {
        "county": slot.county_code,
        "department": slot.department,
        "feed": slot.feed,
        "period": slot.period,
    }
    with connect(Role.LOADER) as connection:
        row = connection.execute(
            "select exists ("
            " select from ops.publication join ops.build_input as input using (build_id)"
            " where publication.county_code = %(county)s and publication.period = %(period)s"
            " and publication.state = 'live' and not input.is_carried"
            " and input.department = %(department)s"
            " and input.feed in (%(feed)s, %(department)s || '.' || %(feed)s))"
            " and not exists ("
            " select from ops.reopening where county_code = %(county)s and period = %(period)s"
            " and coalesce(department, %(department)s) = %(department)s and coalesce(feed, %(feed)s) = %(feed)s"
            " and clock_timestamp() between opened_at and open_until)",
            values,
        ).fetchone()
    return bool(row and row[0])


def reopen(
    county_code: str,
    period: Period,
    *,
    department: str | None,
    feed: str | None,
    reason: str,
    by: str,
    until: datetime,
) -> Reopening:
    """Open a month for a feed, a department or all until a moment. Raises ValueError for a blank reason or name."""
    if not reason.strip() or not by.strip():
        raise ValueError("a month is reopened by a named person for a stated reason; give --by and --reason")
    with connect(Role.LOADER) as connection, connection.cursor(row_factory=class_row(Reopening)) as cursor:
        made = cursor.execute(
            "insert into ops.reopening (county_code, period, department, feed, reason, opened_by, open_until)"
            " values (%s, %s, %s, %s, %s, %s, %s) returning *",
            [county_code, str(period), department, feed, reason.strip(), by.strip(), until],
        ).fetchone()
    if made is None:
        raise RuntimeError("the ledger returned no reopening")
    return made
