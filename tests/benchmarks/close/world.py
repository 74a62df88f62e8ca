"""A county of any size for the close: the households of the dbt tests multiplied in SQL, closed and published."""

from __future__ import annotations

import graphlib
import re

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from hearth.database import Role, connect
from hearth.dbt import LAYERS, read_manifest
from hearth.period import Period
from publishing.left_out import build_without_who_fails
from publishing.parents import prepare_parents
from publishing.switch import publish
from tests.integration.dbt import county
from tests.integration.publishing.world import judge

_PLACES = frozenset({"water.scheme", "power.transformer", "power.outage", "power.voltage"})
"""Feeds of pipes and wires: they do not grow with the households of this county."""
_OWN = re.compile(r"_hash$|^(household_no|account_no|settlement_no|card_no|certificate_no)$")
"""Columns whose value is one household's: every copy gets its own."""


def load(period: str, copies: int) -> dict[str, str]:
    """Accepted submissions of one month, each household `copies` times; feed id -> submission id."""
    given = county.load(period, county.feeds())
    with connect(Role.OWNER) as connection:
        for feed_id, submission_id in given.items():
            if feed_id in _PLACES or copies == 1:
                continue
            table = feed_id.replace(".", "__")
            columns = [
                (str(name), kind == "text" and _OWN.search(name) is not None)
                for name, kind in connection.execute(
                    "select column_name, data_type from information_schema.columns where table_schema = 'raw'"
                    " and table_name = %s order by ordinal_position",
                    [table],
                ).fetchall()
            ]
            values = [
                sql.SQL("{} + 100 * copy").format(sql.Identifier(name))
                if name == "source_row"
                else sql.SQL("{} || '/' || copy").format(sql.Identifier(name))
                if is_own
                else sql.Identifier(name)
                for name, is_own in columns
            ]
            connection.execute(
                sql.SQL(
                    "insert into {} ({}) select {} from {}, generate_series(1, {}) as copy where submission_id = {}"
                ).format(
                    sql.Identifier("raw", table),
                    sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns),
                    sql.SQL(", ").join(values),
                    sql.Identifier("raw", table),
                    sql.Literal(copies - 1),
                    sql.Literal(submission_id),
                )
            )
            connection.execute(
                sql.SQL(
                    "update ops.submission set (rows_received, rows_accepted) ="
                    " (select count(*), count(*) from {} where submission_id = {}) where submission_id = {}"
                ).format(sql.Identifier("raw", table), sql.Literal(submission_id), sql.Literal(submission_id))
            )
            connection.execute(sql.SQL("analyze {}").format(sql.Identifier("raw", table)))
    return given


def close(period: str, given: dict[str, str]) -> int:
    """Build a month with dbt, pass it without the gate (which is measured elsewhere) and publish it; the build id."""
    build_id = build(period, given)
    switch(build_id)
    return build_id


def build(period: str, given: dict[str, str]) -> int:
    """All layers of dbt; the build id."""
    build_id = county.plan(period, {feed_id: (name, period, 0) for feed_id, name in given.items()})
    for layer in LAYERS:
        build_without_who_fails(layer, build_id=build_id, county_code=county.COUNTY, period=period)
    return build_id


def switch(build_id: int) -> None:
    """Pass a build unseen, and publish it."""
    with connect(Role.OWNER) as connection:
        connection.execute("update ops.build set state = 'passed' where build_id = %s", [build_id])
    judge(build_id)
    prepare_parents()
    publish(build_id)


def grow(last: str, months: int, changing: float) -> None:
    """History as `months` more closes would have left it: fact partitions copied, `changing` of the households with a
    new version in each month. Publications follow, so that the next close finds its place."""
    with connect(Role.OWNER) as connection:
        tables = [
            row[0]
            for row in connection.execute(
                "select c.relname from pg_class as c where c.relnamespace = 'marts'::regnamespace and c.relkind = 'p'"
                " and exists (select from pg_attribute where attrelid = c.oid and attname = 'period')"
                " and c.relname !~ '^dim_'"
            ).fetchall()
        ]
        for step in range(1, months + 1):
            month = str(Period.parse(last).shift(step))
            after = str(Period.parse(month).shift(1))
            for table in tables:
                names = [
                    row[0]
                    for row in connection.execute(
                        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
                        " and not attisdropped order by attnum",
                        [f"marts.{table}"],
                    ).fetchall()
                ]
                connection.execute(
                    sql.SQL("create table {} partition of {} for values from ({}, {}) to ({}, {})").format(
                        sql.Identifier("marts", f"{table}_{month}"),
                        sql.Identifier("marts", table),
                        *map(sql.Literal, (county.COUNTY, month, county.COUNTY, after)),
                    )
                )
                connection.execute(
                    sql.SQL("insert into {} select {} from {} where county_code = {} and period = {}").format(
                        sql.Identifier("marts", table),
                        sql.SQL(", ").join(
                            sql.Literal(month) if name == "period" else sql.Identifier(name) for name in names
                        ),
                        sql.Identifier("marts", table),
                        sql.Literal(county.COUNTY),
                        sql.Literal(last),
                    )
                )
            connection.execute(
                "insert into ops.publication (build_id, county_code, period, household_count)"
                " select max(build_id), %s, %s, 0 from ops.build",
                [county.COUNTY, month],
            )
        # The open version of a changing household is cut into one a month.
        connection.execute(
            """
            create temporary table cut as
            select v.*, to_char(make_date(left(%(last)s, 4)::int, right(%(last)s, 2)::int, 1)
                + make_interval(months => n), 'YYYY-MM') as month, n
            from marts.dim_household_version as v cross join generate_series(1, %(months)s) as n
            where v.is_current and abs(v.household_key %% 1000) < %(changing)s * 1000
            """,
            {"last": last, "months": months, "changing": changing},
        )
        connection.execute(
            "update cut set valid_from = month, member_count = 2 + n %% 3, is_current = (n = %(months)s), valid_to ="
            " case when n = %(months)s then '9999-12' else month end",
            {"months": months},
        )
        connection.execute(
            "update marts.dim_household_version as v set is_current = false, valid_to = %s from cut as c"
            " where v.household_key = c.household_key and v.is_current",
            [last],
        )
        connection.execute("alter table cut drop column month, drop column n")
        connection.execute("insert into marts.dim_household_version select * from cut")
        connection.execute("analyze")


def late(period: str, feed_id: str, before: dict[str, str]) -> dict[str, str]:
    """A resend of one feed: the same rows under another submission; the inputs of the build it wakes."""
    table = sql.Identifier("raw", feed_id.replace(".", "__"))
    fresh = f"{before[feed_id]}-late"
    with connect(Role.OWNER) as connection:
        connection.execute("create temporary table again as select * from ops.submission where false")
        connection.execute("insert into again select * from ops.submission where submission_id = %s", [before[feed_id]])
        connection.execute(
            "update again set submission_id = %s, sha256 = %s, version = coalesce(version, 1) + 1", [fresh, fresh]
        )
        connection.execute("update ops.submission set state = 'superseded' where submission_id = %s", [before[feed_id]])
        connection.execute("insert into ops.submission select * from again")
        connection.execute(
            "update ops.submission set superseded_by = %s where submission_id = %s", [fresh, before[feed_id]]
        )
        connection.execute(
            sql.SQL("create temporary table rows as select * from {} where submission_id = {}").format(
                table, sql.Literal(before[feed_id])
            )
        )
        connection.execute("update rows set submission_id = %s", [fresh])
        connection.execute(sql.SQL("insert into {} select * from rows").format(table))
    return {**before, feed_id: fresh}


def by_hand() -> str:
    """The tables of the build that dbt made last as one SQL script into schema ``by_hand``: the same statements with
    nothing around them (no dbt, no tests, no keys, no comments, no write-ahead log), each after what it reads.

    Tables that builds add to are read where they are.
    """
    manifest = read_manifest()
    assert manifest is not None, "dbt has not built"
    made = {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
        and node["config"]["materialized"] == "table"
        and node["schema"] in {"identity", "candidate"}
    }
    order = graphlib.TopologicalSorter(
        {name: made.keys() & set(node["depends_on"]["nodes"]) for name, node in made.items()}
    )
    lines = ["create schema by_hand;"]
    for unique_id in order.static_order():
        code, name = made[unique_id]["compiled_code"], made[unique_id]["name"]
        for other in made.values():
            code = code.replace(f'"{other["schema"]}"."{other["name"]}"', f'"by_hand"."{other["name"]}"')
        code = code.replace(f'"{made[unique_id]["database"]}".', "")
        lines.append(f"create unlogged table by_hand.{name} as {code};\nanalyze by_hand.{name};")
    return "\n".join(lines)


def differing(connection: psycopg.Connection[TupleRow]) -> list[str]:
    """Tables of ``by_hand`` that do not have as many rows as what dbt made of them and was published."""
    tables = connection.execute(
        "select h.relname, n.nspname from pg_class as h join pg_class as c on c.relname = h.relname"
        " join pg_namespace as n on n.oid = c.relnamespace and n.nspname in ('identity', 'marts')"
        " where h.relnamespace = 'by_hand'::regnamespace and h.relkind = 'r' order by 1"
    ).fetchall()
    found = []
    for name, schema in tables:
        ours, theirs = (sql.Identifier(place, name) for place in ("by_hand", schema))
        row = connection.execute(
            sql.SQL("select (select count(*) from {0}), (select count(*) from {1} {2})").format(
                ours,
                theirs,
                sql.SQL("")
                if schema == "identity" or name.startswith("dim_")
                else sql.SQL("where (county_code, period) in (select county_code, period from {0})").format(ours),
            )
        ).fetchone()
        if row is None or row[0] != row[1]:
            found.append(f"{name}: {row}")
    return found


def seconds(build_id: int) -> list[tuple[str, float]]:
    """What the database and dbt spent on each model of a build, slowest first; starting up not counted."""
    with connect(Role.OWNER) as connection:
        return connection.execute(
            "select split_part(node_id, '.', 3), seconds from ops.build_result where build_id = %s"
            " and node_id like 'model.%%' order by seconds desc",
            [build_id],
        ).fetchall()
