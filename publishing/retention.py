"""How long replaced tables stay in ``previous``."""

from __future__ import annotations

from psycopg import sql

from publishing.policy import Policy
from publishing.tables import Connection, Slice


def drop_expired(connection: Connection, part: Slice, policy: Policy) -> list[str]:
    """Drop tables of ``previous`` beyond retention; return their names. Touches nothing that a reader can see.

    Kept: facts of the newest ``keep_publications`` replaced publications of the month, and the county's newest
    ``keep_dimensions`` replaced dimensions. What was rolled back is dropped by the next publication of its month.
    """
    rows = connection.execute(
        """
        select partition_name
        from (
            select t.partition_name, p.state, t.table_name like 'dim\\_%%' as is_dimension,
                row_number() over (
                    partition by t.table_name, p.state,
                        case when t.table_name like 'dim\\_%%' then '' else p.period end
                    order by p.publication_id desc
                ) as age, p.period
            from ops.publication_table as t
            join ops.publication as p using (publication_id)
            join pg_class as c on c.relname = t.partition_name and c.relnamespace = 'previous'::regnamespace
            where p.county_code = %(county)s
        ) as kept
        group by partition_name
        -- A table that several publications had goes with the last of them.
        having bool_and(
            (state = 'rolled_back' and period = %(period)s)
            or (state <> 'rolled_back' and age > case when is_dimension then %(dimensions)s else %(facts)s end)
        )
        order by partition_name
        """,
        {
            "county": part.county_code,
            "period": str(part.period),
            "dimensions": policy.keep_dimensions,
            "facts": policy.keep_publications,
        },
    ).fetchall()
    names = [str(name) for (name,) in rows]
    for name in names:
        connection.execute(sql.SQL("drop table {}").format(sql.Identifier("previous", name)))
    return names
