"""The blast radius: which households and figures a switch would change for readers, found out before it.

The same statements compare candidate with what is live, and, in a test, what was live with what took its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import yaml
from psycopg import sql
from pydantic import BaseModel, ConfigDict, Field

from expectations.checks import Connection

POLICY_FILE = Path(__file__).with_name("policy.yaml")
_Name = Annotated[str, Field(pattern=r"^[a-z_]+$")]


class BlastPolicy(BaseModel):
    """What is compared; ``policy.yaml`` says what each entry is for. Unknown entries fail."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    household_table: _Name
    state_suffix: str
    region_table: _Name
    measures: tuple[_Name, ...] = Field(min_length=1)
    rate: _Name
    marks: tuple[Annotated[float, Field(gt=0, le=1)], ...]
    ranked_level: _Name


@lru_cache(maxsize=1)
def blast_policy() -> BlastPolicy:
    """The policy beside this file."""
    return BlastPolicy.model_validate(yaml.safe_load(POLICY_FILE.read_text(encoding="utf-8")))


def live_before(connection: Connection, county_code: str, period: str) -> tuple[int, str] | None:
    """Publication and month that readers would compare with: the same month if it is live, else the newest before."""
    row = connection.execute(
        "select publication_id, period from ops.publication "
        "where county_code = %s and period <= %s and state = 'live' order by period desc limit 1",
        [county_code, period],
    ).fetchone()
    return None if row is None else (int(row[0]), str(row[1]))


def households_sql(before: str, after: str, states: Sequence[str]) -> str:
    """(household_key, change, states) of every household that is new, gone, or in another state.

    ``before`` and ``after`` are relations in SQL; ``states`` the columns that both have.
    """
    suffix = blast_policy().state_suffix
    pairs = ", ".join(
        f"'{name.removesuffix(suffix)}', case when before.{name} is distinct from after.{name} "
        f"then jsonb_build_array(before.{name}, after.{name}) end"
        for name in states
    )
    old, new = (f"({', '.join(f'{side}.{name}' for name in states)})" for side in ("before", "after"))
    return f"""
        select coalesce(after.household_key, before.household_key) as household_key,
            case when before.household_key is null then 'added' when after.household_key is null then 'removed'
                else 'changed' end as change,
            case when before.household_key is null or after.household_key is null then '{{}}'::jsonb
                else jsonb_strip_nulls(jsonb_build_object({pairs})) end as states
        from {before} as before
        full join {after} as after on after.household_key = before.household_key
        where before.household_key is null or after.household_key is null or {old} is distinct from {new}
    """


def figures_sql(before: str, after: str) -> str:
    """(kind, region_code, guarantee, measure, before, after) of figures, marks and ranks that differ."""
    rules = blast_policy()
    cells = ", ".join(f"('{name}', before.{name}::text, after.{name}::text)" for name in rules.measures)
    marks = ", ".join(f"({mark})" for mark in rules.marks)

    def ranked(relation: str) -> str:
        return (
            "(select region_code, guarantee, "
            f"rank() over (partition by guarantee order by {rules.rate} desc nulls last) as place "
            f"from {relation} as figures where level_code = '{rules.ranked_level}')"
        )

    joined = f"{before} as before full join {after} as after using (region_code, guarantee)"
    return f"""
        select 'indicator' as kind, region_code, guarantee, cell.measure, cell.before, cell.after
        from {joined}
        cross join lateral (values {cells}) as cell (measure, before, after)
        where cell.before is distinct from cell.after
        union all
        select 'threshold', region_code, guarantee, '{rules.rate}>=' || mark.value, before.{rules.rate}::text,
            after.{rules.rate}::text
        from {joined} cross join (values {marks}) as mark (value)
        where (before.{rules.rate} >= mark.value) is distinct from (after.{rules.rate} >= mark.value)
            and before.{rules.rate} is not null and after.{rules.rate} is not null
        union all
        select 'rank', region_code, guarantee, 'rank', before.place::text, after.place::text
        from {ranked(before)} as before full join {ranked(after)} as after using (region_code, guarantee)
        where before.place is distinct from after.place
    """


def preview(connection: Connection, build_id: int, county_code: str, period: str, states: Sequence[str]) -> None:
    """Write the blast radius of the candidate of ``build_id`` to ``ops``; an earlier one of the build is replaced.

    Without a publication to compare with, the row says so and nothing else is written.
    Raises psycopg.Error when a table cannot be read: what cannot be foreseen is not published.
    """
    for table in ("blast_household", "blast_change", "blast_radius"):
        connection.execute(sql.SQL("delete from ops.{} where build_id = %s").format(sql.Identifier(table)), [build_id])
    rules = blast_policy()
    against = live_before(connection, county_code, period)
    after = f"candidate.{rules.household_table}"
    if against is not None:
        where = sql.SQL("where county_code = {} and period = {}").format(
            sql.Literal(county_code), sql.Literal(against[1])
        )
        selected = where.as_string(None)
        before = f"(select * from marts.{rules.household_table} {selected})"
        connection.execute(
            sql.SQL(
                "insert into ops.blast_household (build_id, household_key, change, states) select {}, c.* from ({})"
                " as c"
            ).format(sql.Literal(build_id), sql.SQL(households_sql(before, after, states)))
        )
        connection.execute(
            sql.SQL(
                "insert into ops.blast_change (build_id, kind, region_code, guarantee, measure, before, after) "
                "select {}, c.* from ({}) as c"
            ).format(
                sql.Literal(build_id),
                sql.SQL(
                    figures_sql(
                        f"(select * from marts.{rules.region_table} {selected})", f"candidate.{rules.region_table}"
                    )
                ),
            )
        )
        connection.execute(
            "insert into ops.blast_change (build_id, kind, guarantee, measure, before, after, households) "
            "select build_id, 'state', s.key, (s.value ->> 0) || '>' || (s.value ->> 1), s.value ->> 0, s.value ->> 1,"
            " count(*) from ops.blast_household cross join lateral jsonb_each(states) as s "
            "where build_id = %s group by build_id, s.key, s.value",
            [build_id],
        )
    _summarise(connection, build_id, against, before=None if against is None else before, after=after)


def _summarise(
    connection: Connection, build_id: int, against: tuple[int, str] | None, *, before: str | None, after: str
) -> None:
    counted = sql.SQL("0" if before is None else f"(select count(*) from {before} as households)")
    publication_id, period = (None, None) if against is None else against
    connection.execute(
        sql.SQL(
            """
            insert into ops.blast_radius
            select %(build)s, %(publication)s, %(period)s, {before}, (select count(*) from {after}),
                count(*) filter (where change = 'added'), count(*) filter (where change = 'removed'),
                count(*) filter (where change = 'changed'),
                (select count(*) from ops.blast_change where build_id = %(build)s and kind = 'indicator'),
                (select count(*) from ops.blast_change where build_id = %(build)s and kind = 'threshold'),
                (select count(*) from ops.blast_change where build_id = %(build)s and kind = 'rank')
            from ops.blast_household where build_id = %(build)s
            """
        ).format(before=counted, after=sql.SQL(after)),
        {"build": build_id, "publication": publication_id, "period": period},
    )
