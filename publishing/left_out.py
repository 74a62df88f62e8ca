"""Close a month without a department whose staging failed: its feeds are carried forward as if nothing had come."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from hearth.database import Role, connect
from hearth.dbt import LAYERS, LayerResult, StagingFailed, alone, build_layer
from hearth.period import Period
from publishing.policy import policy
from publishing.reuse import note_staging, prepare, staging_stands
from publishing.tables import PublicationError

_REASON_LENGTH = 2000
_log = structlog.get_logger()


def leave_out(build_id: int, departments: Iterable[str], reason: str) -> list[str]:
    """Replace what a build reads of ``departments`` by what the newest live earlier month was built from.

    A feed of events, and one that no published month has, is left without an input. Returns the ids of the feeds that
    are left out, sorted. Raises PublicationError for a department of the universe: without it there is no month.
    """
    wanted = sorted(departments)
    if needed := sorted(feed for feed in policy().universe_feeds if feed.split(".")[0] in wanted):
        raise PublicationError(
            f"{needed} cannot be left out: no month without them; mend the staging and trigger again"
        )
    with connect(Role.PUBLISHER) as connection:
        build = connection.execute(
            "select county_code, period from ops.build where build_id = %s and state in ('planned', 'failed')",
            [build_id],
        ).fetchone()
        if build is None:
            raise PublicationError(f"build [{build_id}] is not planned, or is built already")
        month = Period.parse(build[1])
        inputs = connection.execute(
            "select department, feed, submission_id, source_period from ops.build_input"
            " where build_id = %s and department = any(%s) order by department, feed",
            [build_id, wanted],
        ).fetchall()
        for department, feed, submission_id, source_period in inputs:
            known = connection.execute(
                """
                select i.submission_id, i.source_period
                from ops.publication as p
                join ops.build_input as i on i.build_id = p.build_id and i.department = %(department)s
                    and i.feed = %(feed)s
                join reference.feed as f on f.feed_id in (i.feed, i.department || '.' || i.feed)
                where p.county_code = %(county)s and p.state = 'live' and p.period < %(period)s
                    and i.source_period < %(source_period)s and f.semantics <> 'event'
                order by p.period desc limit 1
                """,
                {
                    "county": build[0],
                    "period": build[1],
                    "department": department,
                    "feed": feed,
                    "source_period": source_period,
                },
            ).fetchone()
            connection.execute(
                "insert into ops.build_left_out"
                " (build_id, department, feed, submission_id, carried_submission_id, reason)"
                " values (%s, %s, %s, %s, %s, %s)",
                [build_id, department, feed, submission_id, known and known[0], reason[:_REASON_LENGTH]],
            )
            connection.execute(
                "delete from ops.build_input where build_id = %s and department = %s and feed = %s",
                [build_id, department, feed],
            )
            if known is not None:
                connection.execute(
                    "insert into ops.build_input values (%s, %s, %s, %s, %s, true, %s)",
                    [build_id, department, feed, *known, month.months_since(Period.parse(known[1]))],
                )
        connection.execute("update ops.build set state = 'planned', finished_at = null where build_id = %s", [build_id])
    _log.warning("left out", build_id=build_id, departments=wanted, feeds=[row[1] for row in inputs])
    return sorted(f"{row[0]}.{row[1]}" for row in inputs)


def build_without_who_fails(layer: str, *, build_id: int, county_code: str, period: str) -> LayerResult:
    """Build a layer; a department whose staging fails is left out, and the layer is built again without it.

    What an earlier build of the month made of the same inputs is not made again. Staging whose views stand is tested
    with the last layer, as far as its feeds are new.

    Raises BuildFailed where leaving out does not help, PublicationError for a department of the universe.
    """
    if layer != LAYERS[-1] and staging_stands(build_id):
        _log.info("staging stands", build_id=build_id)
        return LayerResult(layer, 0, 0.0)
    try:
        return _build(layer, build_id, county_code, period)
    except StagingFailed as failure:
        leave_out(build_id, failure.departments, str(failure))
        return _build(layer, build_id, county_code, period, without=failure.broken)


def _build(layer: str, build_id: int, county_code: str, period: str, without: tuple[str, ...] = ()) -> LayerResult:
    with alone(build_id):  # what is kept and what is noted must still be there when dbt comes to it
        reuse = prepare(build_id) if layer == LAYERS[-1] else None
        result = build_layer(
            layer,
            build_id=build_id,
            county_code=county_code,
            period=period,
            without=without,
            only=None if reuse is None else reuse.nodes,
        )
        if layer != LAYERS[-1] and not without:
            note_staging(build_id)
    return result
