"""Which months can be built: the ledger decides, a wake-up is only a wake-up.

A feed of a month is there when one of its submissions is live (accepted or partially accepted). A publication is
current when its build read exactly what a build would read today: the month's own files, the newest earlier ones where
there are none, and of some feeds earlier months as they are published (``ops.feed_history``). So a late or corrected
file makes just the months out of date that read it, and those that read these once they are published again.
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
    select submission.period, submission.department, submission.feed, submission.submission_id,
        coalesce(feed.semantics = 'event', false) as is_event
    from ops.submission as submission
    left join reference.feed as feed on feed.feed_id = submission.department || '.' || submission.feed
    where submission.county_code = %(county)s and submission.period is not null and submission.department is not null
        and submission.state in ('accepted', 'partially_accepted')
), published as (
    select period, build_id, publication_id from ops.publication where county_code = %(county)s and state = 'live'
), candidate as (
    select period from live union select period from published
), judged as (  -- builds whose verdict stands: published, taken back by a person since, or newest and blocked
    select period, build_id from published
    union all
    select taken_back.period, taken_back.build_id
    from ops.publication as taken_back
    left join published on published.period = taken_back.period
    where taken_back.county_code = %(county)s and taken_back.state = 'rolled_back'
        and taken_back.publication_id > coalesce(published.publication_id, 0)
    union all
    select newest.period, newest.build_id
    from (
        select distinct on (period) period, build_id, state from ops.build
        where county_code = %(county)s order by period, build_id desc
    ) as newest
    where newest.state = 'blocked'
), wanted as (  -- what a build of the month would read today: its own files, else the newest before it
    select newest.period, newest.submission_id, '' as remembered_from
    from (
        select distinct on (candidate.period, live.department, live.feed) candidate.period, live.submission_id
        from candidate
        inner join live
            on live.period = candidate.period or (live.period < candidate.period and not live.is_event)
        order by candidate.period, live.department, live.feed, live.period desc
    ) as newest
    union all  -- and earlier months as they are published, of feeds that are read back
    select candidate.period, input.submission_id, earlier.period
    from candidate
    cross join ops.feed_history as history
    inner join published as earlier
        on earlier.period < candidate.period
        and earlier.period >= coalesce(
            to_char((candidate.period || '-01')::date - make_interval(months => history.months), 'YYYY-MM'),
            (select max(nearest.period) from published as nearest where nearest.period < candidate.period)
        )
    inner join ops.build_input as input
        on input.build_id = earlier.build_id and input.department = history.department
        and input.feed = history.feed and not input.is_carried
), read as (
    select judged.build_id, planned.submission_id, '' as remembered_from
    from judged inner join ops.planned_input as planned using (build_id)
    union all
    select judged.build_id, history.submission_id, history.period
    from judged inner join ops.build_history as history using (build_id)
)
select candidate.period, exists (
    select from published where published.period = candidate.period
) as is_published
from candidate
where not exists (
    select from judged
    where judged.period = candidate.period
        and not exists (
            (
                select submission_id, remembered_from from wanted where wanted.period = candidate.period
                except
                select submission_id, remembered_from from read where read.build_id = judged.build_id
            )
            union all
            (
                select submission_id, remembered_from from read where read.build_id = judged.build_id
                except
                select submission_id, remembered_from from wanted where wanted.period = candidate.period
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
    """Months that a build today would make from other files than any build whose verdict stands.

    period -> has a live publication.
    """
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


def waiting_periods(county_code: str, now: datetime) -> list[str]:
    """Months to close now, for whichever reason, oldest first: in this order none is closed twice."""
    return sorted({*ready_periods(county_code), *periods_past_cutoff(county_code, now)})
