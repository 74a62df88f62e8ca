"""The published tables: their shape, the slice of them that one publication replaces, and the names of its partitions.

A dimension (``dim_*``) is partitioned by county: each publication replaces the county's whole dimension. Facts and
bridges are partitioned by county and month: a publication replaces one month.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from hearth.database import Role, connect
from hearth.period import Period

PREFIXES = ("dim_", "fct_", "bridge_")
_SAMPLE = 20
"""Statistics target of the parents: 300 times as many rows are looked at in each."""
BOUNDS_CONSTRAINT = "hearth_bounds"
_LONGEST_PARTITION_NAME = 50  # leaves room for an index suffix within PostgreSQL's 63 bytes

Connection = psycopg.Connection[Any]


class PublicationError(RuntimeError):
    """A publication or a rollback was refused; nothing changed for readers. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Table:
    """A base table or a partitioned parent, as the catalog describes it."""

    name: str
    oid: int
    columns: Mapping[str, str]
    """Column name -> type as PostgreSQL writes it."""
    primary_key: tuple[str, ...]
    comment: str | None = None
    column_comments: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_dimension(self) -> bool:
        return self.name.startswith("dim_")


def read_tables(connection: Connection, schema: str) -> dict[str, Table]:
    """Published tables of ``schema`` (``candidate`` or ``marts``) by name, sorted: no partitions, no views."""
    found = connection.execute(
        """
        select c.relname, c.oid::bigint, obj_description(c.oid, 'pg_class'),
            (select array_agg(a.attname::text order by keys.position)
             from pg_index as i
             cross join unnest(i.indkey::smallint[]) with ordinality as keys (attnum, position)
             join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = keys.attnum
             where i.indrelid = c.oid and i.indisprimary)
        from pg_class as c
        where c.relnamespace = %s::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        order by c.relname
        """,
        [schema],
    ).fetchall()
    tables = {}
    for name, oid, comment, primary_key in found:
        if not name.startswith(PREFIXES):
            continue
        columns = connection.execute(
            "select attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum) "
            "from pg_attribute where attrelid = %s and attnum > 0 and not attisdropped order by attnum",
            [oid],
        ).fetchall()
        tables[name] = Table(
            name=name,
            oid=oid,
            columns={column: type_name for column, type_name, _ in columns},
            primary_key=tuple(primary_key or ()),
            comment=comment,
            column_comments={column: text for column, _, text in columns if text},
        )
    return tables


def kept_tables(connection: Connection, build_id: int) -> dict[str, tuple[int, str]]:
    """The published tables that a build keeps as they are, by name, sorted: oid and name of the attached partition."""
    rows = connection.execute(
        "select k.table_name, k.relation::bigint, c.relname from ops.candidate_table(%s) as k"
        " join pg_class as c on c.oid = k.relation where k.is_kept order by k.table_name",
        [build_id],
    ).fetchall()
    return {name: (int(oid), str(partition)) for name, oid, partition in rows}


def clear_views(connection: Connection) -> None:
    """Take the views of kept tables out of `candidate`."""
    shown = connection.execute(
        "select relname from pg_class where relnamespace = 'candidate'::regnamespace and relkind = 'v'"
    ).fetchall()
    for (name,) in shown:
        connection.execute(sql.SQL("drop view {}").format(sql.Identifier("candidate", name)))


def measure_parents() -> None:
    """Statistics of the published tables as wholes: nothing else makes them, for nobody writes to a parent.

    Whoever reads `marts` by the parent (a shared view, a build that looks back, one that keeps a table) is planned by
    them, not by those of the partition; without them a join of two large tables is planned as one of a few rows. A
    small sample does, so that the cost does not grow with the months.
    """
    with connect(Role.PUBLISHER, autocommit=True) as connection:
        connection.execute(sql.SQL("set default_statistics_target = {}").format(sql.Literal(_SAMPLE)))
        for name in read_tables(connection, "marts"):
            connection.execute(sql.SQL("analyze only {}").format(sql.Identifier("marts", name)))


@dataclass(frozen=True, slots=True)
class Slice:
    """What one publication replaces: a county's month, with the county's dimensions."""

    county_code: str
    period: Period

    def bounds(self, table: str) -> sql.Composed:
        """The ``for values`` clause of this slice's partition of ``table``."""
        county = sql.Literal(self.county_code)
        if table.startswith("dim_"):
            return sql.SQL("for values in ({})").format(county)
        return sql.SQL("for values from ({}, {}) to ({}, {})").format(
            county, sql.Literal(str(self.period)), county, sql.Literal(str(self.period.shift(1)))
        )

    def catalog_bounds(self, table: str) -> str:
        """The same clause as ``pg_get_expr`` prints it. County and period are digits and hyphens only."""
        if table.startswith("dim_"):
            return f"FOR VALUES IN ('{self.county_code}')"
        start, end = self.period, self.period.shift(1)
        return f"FOR VALUES FROM ('{self.county_code}', '{start}') TO ('{self.county_code}', '{end}')"

    def check(self, table: str) -> sql.Composed:
        """A CHECK expression that implies the bounds, so that ATTACH need not scan the table under lock."""
        county = sql.SQL("county_code is not null and county_code = {}").format(sql.Literal(self.county_code))
        if table.startswith("dim_"):
            return county
        return county + sql.SQL(" and period is not null and period >= {} and period < {}").format(
            sql.Literal(str(self.period)), sql.Literal(str(self.period.shift(1)))
        )

    def rows(self, table: str) -> sql.Composed:
        """The condition that selects this slice's rows from the parent of ``table``."""
        county = sql.SQL("county_code = {}").format(sql.Literal(self.county_code))
        if table.startswith("dim_"):
            return county
        return county + sql.SQL(" and period = {}").format(sql.Literal(str(self.period)))

    def partition_name(self, table: str, publication_id: int) -> str:
        """A name that no other publication uses, so that moving to ``previous`` and back never collides."""
        month = "" if table.startswith("dim_") else f"_{self.period.year:04d}{self.period.month:02d}"
        suffix = f"__{self.county_code}{month}_p{publication_id}"
        room = _LONGEST_PARTITION_NAME - len(suffix)
        if len(table) <= room:
            return table + suffix
        digest = hashlib.sha256(table.encode()).hexdigest()[:6]
        return f"{table[: room - 7]}_{digest}{suffix}"


def attached_partition(connection: Connection, table: str, part: Slice) -> str | None:
    """Name of the partition of ``marts.<table>`` that holds ``part``, None if there is none."""
    row = connection.execute(
        """
        select c.relname
        from pg_inherits as i
        join pg_class as c on c.oid = i.inhrelid
        join pg_class as parent on parent.oid = i.inhparent
        where parent.relnamespace = 'marts'::regnamespace and parent.relname = %s
            and pg_get_expr(c.relpartbound, c.oid) = %s
        """,
        [table, part.catalog_bounds(table)],
    ).fetchone()
    return None if row is None else str(row[0])
