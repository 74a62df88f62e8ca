"""What was published, when, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hearth.database import Role, connect


@dataclass(frozen=True, slots=True)
class Publication:
    """One row of ``ops.publication``, with the number of its tables and rows."""

    publication_id: int
    build_id: int
    county_code: str
    period: str
    state: str
    replaces: int | None
    household_count: int
    table_count: int
    row_count: int
    published_at: datetime
    ended_at: datetime | None


def publications(county_code: str, period: str | None = None) -> list[Publication]:
    """Publications of a county, newest month first and newest publication first; all months if ``period`` is None."""
    with connect(Role.PUBLISHER) as connection:
        rows = connection.execute(
            """
            select p.publication_id, p.build_id, p.county_code, p.period, p.state, p.replaces, p.household_count,
                count(t.table_name), coalesce(sum(t.row_count), 0)::bigint, p.published_at, p.ended_at
            from ops.publication as p
            left join ops.publication_table as t using (publication_id)
            where p.county_code = %(county)s and (%(period)s::text is null or p.period = %(period)s)
            group by p.publication_id
            order by p.period desc, p.publication_id desc
            """,
            {"county": county_code, "period": period},
        ).fetchall()
    return [Publication(*row) for row in rows]
