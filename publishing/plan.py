"""Decide what a build reads: one accepted submission a feed, this month's or the newest before it.

A feed of events (settlements, outages, payments) tells what happened in its month and nothing about the next: it is
never carried forward.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from importlib.metadata import version

import structlog

from hearth.database import Role, connect
from hearth.period import Period
from publishing.policy import policy
from publishing.tables import Connection

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, order=True)
class Input:
    """One submission that a build reads."""

    department: str
    feed: str
    submission_id: str
    source_period: str

    @property
    def feed_id(self) -> str:
        """``department.feed``, whichever way the ledger writes the feed."""
        return self.feed if "." in self.feed else f"{self.department}.{self.feed}"


def available_inputs(connection: Connection, county_code: str, period: Period) -> list[Input]:
    """Per feed the accepted submission of ``period``, else the newest earlier one; feeds never received are absent.

    Feeds of events are absent, too, in a month for which none came.
    """
    rows = connection.execute(
        """
        select distinct on (s.department, s.feed) s.department, s.feed, s.submission_id, s.period
        from ops.submission as s
        left join reference.feed as f on f.feed_id in (s.feed, s.department || '.' || s.feed)
        where s.county_code = %(county)s and s.state in ('accepted', 'partially_accepted')
            and s.period <= %(period)s and s.department is not null and s.feed is not null
            and (f.semantics is distinct from 'event' or s.period = %(period)s)
        order by s.department, s.feed, s.period desc, s.verdict_at desc nulls last, s.submission_id
        """,
        {"county": county_code, "period": str(period)},
    ).fetchall()
    return sorted(Input(*row) for row in rows)


@dataclass(frozen=True, slots=True, order=True)
class Remembered:
    """A submission of an earlier month whose published rows a build reads."""

    department: str
    feed: str
    period: str
    submission_id: str


def remembered_inputs(connection: Connection, county_code: str, period: Period) -> list[Remembered]:
    """Of the feeds in ``ops.feed_history``: what the live publications of the months before ``period`` were made of."""
    rows = connection.execute(
        """
        select i.department, i.feed, p.period, i.submission_id
        from ops.feed_history as h
        join ops.publication as p on p.county_code = %(county)s and p.state = 'live' and p.period < %(period)s
            and p.period >= coalesce(
                to_char((%(period)s || '-01')::date - make_interval(months => h.months), 'YYYY-MM'),
                (
                    select max(n.period) from ops.publication as n
                    where n.county_code = %(county)s and n.state = 'live' and n.period < %(period)s
                )
            )
        join ops.build_input as i on i.build_id = p.build_id and i.department = h.department and i.feed = h.feed
        where not i.is_carried
        """,
        {"county": county_code, "period": str(period)},
    ).fetchall()
    return sorted(Remembered(*row) for row in rows)


def _newest_decision(connection: Connection, county_code: str) -> int:
    """The last decision about a row and a household, which the build is to know; 0 without any."""
    row = connection.execute(
        "select coalesce(max(decision_id), 0) from ops.link_decision where county_code = %s", [county_code]
    ).fetchone()
    return int(row[0]) if row else 0


def _is_settled(connection: Connection, county_code: str, period: Period, wanted: frozenset[tuple[str, ...]]) -> bool:
    """Whether the live publication, or one rolled back since (a person took it away), was planned with these inputs."""
    rows = connection.execute(
        """
        with settled as (
            select p.build_id
            from ops.publication as p
            where p.county_code = %(county)s and p.period = %(period)s
                and (p.state = 'live' or (p.state = 'rolled_back' and p.publication_id > coalesce((
                    select max(live.publication_id) from ops.publication as live
                    where live.county_code = %(county)s and live.period = %(period)s and live.state = 'live'
                ), 0)))
        )
        select build_id, '' as period, submission_id from ops.planned_input join settled using (build_id)
        union all
        select build_id, period, submission_id from ops.build_history join settled using (build_id)
        union all
        select build_id, 'decisions', last_decision_id::text from ops.build join settled using (build_id)
        """,
        {"county": county_code, "period": str(period)},
    ).fetchall()
    grouped: dict[int, set[tuple[str, ...]]] = {}
    for build_id, *columns in rows:
        grouped.setdefault(build_id, set()).add(tuple(columns))
    return wanted in grouped.values()


def plan_build(county_code: str, period: str, *, force: bool = False) -> int | None:
    """Write ``ops.build`` and what it reads for a month; return the build id, None when nothing is to be done.

    Nothing to do: a feed of the universe has never been received, or the live publication (or one that was rolled back
    from it) has exactly these inputs and knew every decision about links. ``force`` plans in the second case too, and a
    build that keeps no table of an earlier one.
    Raises ValueError when ``period`` is not a month.
    """
    month = Period.parse(period)
    with connect(Role.PUBLISHER) as connection:
        inputs = available_inputs(connection, county_code, month)
        missing = policy().universe_feeds - {item.feed_id for item in inputs}
        if missing:
            _log.info("nothing to build", county=county_code, period=period, never_received=sorted(missing))
            return None
        remembered = remembered_inputs(connection, county_code, month)
        wanted = {("", item.submission_id) for item in inputs} | {(r.period, r.submission_id) for r in remembered}
        decision_id = _newest_decision(connection, county_code)
        wanted.add(("decisions", str(decision_id)))
        if not force and _is_settled(connection, county_code, month, frozenset(wanted)):
            _log.info("nothing to build", county=county_code, period=period, reason="inputs unchanged")
            return None
        row = connection.execute(
            "insert into ops.build (county_code, period, code_version, last_decision_id, is_whole)"
            " values (%s, %s, %s, %s, %s) returning build_id",
            [county_code, period, version("hearth"), decision_id, force],
        ).fetchone()
        if row is None:
            raise RuntimeError("the ledger returned no build id")
        build_id = int(row[0])
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into ops.build_input "
                "(build_id, department, feed, submission_id, source_period, is_carried, age_periods) "
                "values (%s, %s, %s, %s, %s, %s, %s)",
                [
                    (
                        build_id,
                        item.department,
                        item.feed,
                        item.submission_id,
                        item.source_period,
                        item.source_period != period,
                        month.months_since(Period.parse(item.source_period)),
                    )
                    for item in inputs
                ],
            )
            cursor.executemany(
                "insert into ops.build_history (build_id, department, feed, period, submission_id) "
                "values (%s, %s, %s, %s, %s)",
                [(build_id, *astuple(item)) for item in remembered],
            )
    _log.info("build planned", build_id=build_id, county=county_code, period=period, feeds=len(inputs))
    return build_id
