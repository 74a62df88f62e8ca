"""Which numbers the warehouse has received before."""

from __future__ import annotations

from collections.abc import Collection

from psycopg import sql

from hearth.database import Role, connect
from ingestion.contract import contracts


def known_numbers(source: str, numbers: Collection[str]) -> frozenset[str]:
    """Those of ``numbers`` that column ``source`` (department.feed.column) has held in any accepted row.

    Raises KeyError for a source that no contract has.
    """
    feed_id, _, name = source.rpartition(".")
    contract = contracts()[feed_id]
    column = sql.Identifier(contract.by_name[name].name)
    query = sql.SQL("select distinct {} from {} where {} = any(%s)").format(
        column, sql.Identifier("raw", contract.raw_table), column
    )
    with connect(Role.LOADER) as connection:
        return frozenset(number for (number,) in connection.execute(query, [sorted(numbers)]).fetchall())
