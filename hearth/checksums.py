"""What a table holds, as two numbers: over all its columns, and over those that a new token key leaves as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

TOKEN_SUFFIX = "_hash"  # noqa: S105 - the end of a column name
"""Every column that holds tokens ends like this; a test reads the contracts and the dbt models for it."""


@dataclass(frozen=True, slots=True)
class Content:
    """The same rows give the same numbers in any order, on any day."""

    rows: int
    checksum: str
    lasting: str
    """Without the tokens: it fits as long as the rows are the same, whatever key their tokens are of."""
    columns: tuple[str, ...]
    """What was summed, in this order. A column that the table gained later is not in it."""


def content(connection: psycopg.Connection[Any], schema: str, relation: str, columns: Sequence[str] = ()) -> Content:
    """Sum up a relation, over ``columns`` or all it has.

    Raises psycopg.errors.UndefinedColumn when one of them is no longer there.
    """
    names = tuple(columns) or _columns(connection, schema, relation)
    lasting = tuple(name for name in names if not name.endswith(TOKEN_SUFFIX))
    connection.execute("set local datestyle = 'ISO, YMD'")
    connection.execute("set local timezone = 'UTC'")
    sums = [_sum(names), *([_sum(lasting)] if lasting != names else [])]
    row = connection.execute(
        sql.SQL("select count(*), {} from {} as t").format(sql.SQL(", ").join(sums), sql.Identifier(schema, relation))
    ).fetchone()
    if row is None:
        raise RuntimeError(f"[{schema}.{relation}] was not counted")
    return Content(int(row[0]), str(row[1]), str(row[-1]), names)


def _columns(connection: psycopg.Connection[Any], schema: str, relation: str) -> tuple[str, ...]:
    return tuple(
        name
        for (name,) in connection.execute(
            "select attname from pg_attribute where attrelid = format('%%I.%%I', %s::text, %s::text)::regclass"
            " and attnum > 0 and not attisdropped order by attnum",
            [schema, relation],
        )
    )


def _sum(names: Sequence[str]) -> sql.Composed:
    cells = sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(name)) for name in names)
    return sql.SQL("coalesce(sum(hashtextextended(row({})::text, 0)::numeric), 0)::text").format(cells)
