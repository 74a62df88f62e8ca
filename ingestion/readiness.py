"""Which months can be built: the ledger decides, a wake-up is only a wake-up.

A feed of a month is there when one of its submissions is live (accepted or partially accepted). A publication is
current when its build read exactly the live submissions; a superseded input, or a live submission that it did not
read, makes it out of date.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import LiteralString

from hearth.database import Role, connect
from hearth.period import Period
from ingestion.calendar import cutoff_at, not_expected
from ingestion.contract import contracts

_LIVE: LiteralString = (
    "select period, department || '.' || feed from ops.submission"
    " where county_code = %(county)s and period is not null and state in ('accepted', 'partially_accepted')"
)
_OUT_OF_DATE: LiteralString = """
with live as (
    select period, submission_id from ops.submission
    where county_code = %(county)s and period is not null and state in ('accepted', 'partially_accepted')
), blocked as (  -- the gate has already refused exactly these submissions; asking again gives the same answer
    select distinct on (period) period, build_id, state from ops.build
    where county_code = %(county)s order by period, build_id desc
), read as (
    select publication.period, input.submission_id, true as is_published
    from ops.publication join ops.build_input as input using (build_id)
    where publication.county_code = %(county)s and publication.state = 'live'
    union all
    select blocked.period, input.submission_id, false
    from blocked join ops.build_input as input using (build_id)
    where blocked.state = 'blocked'
), candidate as (
    select distinct period from live
    union
    select period from ops.publication where county_code = %(county)s and state = 'live'
)
select candidate.period, exists (
    select from ops.publication
    where county_code = %(county)s and publication.period = candidate.period and state = 'live'
) as is_published
from candidate
where (
    exists (  -- a live submission that no current build has read
        select from live
        where live.period = candidate.period
            and not exists (
                select from read where read.period = live.period and read.submission_id = live.submission_id
            )
    )
    or exists (  -- the publication reads a submission that is no longer live
        select from read join ops.submission as input using (submission_id)
        where read.period = candidate.period and read.is_published
            and input.state not in ('accepted', 'partially_accepted')
            and not exists (
                select from blocked join ops.build_input as tried using (build_id)
                where blocked.period = candidate.period and blocked.state = 'blocked'
                    and tried.submission_id = input.superseded_by
            )
    )
)
"""


def _live_feeds(county_code: str) -> Mapping[str, set[str]]:
    feeds: dict[str, set[str]] = {}
    with connect(Role.LOADER) as connection:
        for period, feed_id in connection.execute(_LIVE, {"county": county_code}):
            feeds.setdefault(period, set()).add(feed_id)
    return feeds


def _out_of_date(county_code: str) -> Mapping[str, bool]:
    """Months with something newer than what is published (or blocked): period -> has a live publication."""
    with connect(Role.LOADER) as connection:
        return dict(connection.execute(_OUT_OF_DATE, {"county": county_code}).fetchall())


def ready_periods(county_code: str) -> list[str]:
    """Months to build now, sorted: complete ones, and published ones of which something was sent again or late.

    Complete means that every feed is there that the calendar expects.
    """
    wanted = set(contracts())
    feeds = _live_feeds(county_code)
    return sorted(
        period
        for period, is_published in _out_of_date(county_code).items()
        if is_published or wanted - not_expected(county_code, Period.parse(period)) <= feeds.get(period, set())
    )


def spine_feeds() -> frozenset[str]:
    """Feeds without which no month can be built: those whose natural key holds the household number.

    They say which households there are; every other feed is joined to them.
    """
    return frozenset(
        contract.feed_id
        for contract in contracts().values()
        if any(column.name == "household_no" for column in contract.key)
    )


def periods_past_cutoff(county_code: str, now: datetime) -> list[str]:
    """Months to build at the cut-off, sorted: also incomplete ones, if at least the register's feeds are there.

    ``now`` has a time zone. When a month closes, the calendar says.
    """
    if now.tzinfo is None:
        raise ValueError(f"[{now.isoformat()}] has no time zone")
    feeds = _live_feeds(county_code)
    return sorted(
        period
        for period in _out_of_date(county_code)
        if now > cutoff_at(Period.parse(period)) and spine_feeds() <= feeds.get(period, set())
    )
