"""The tables of one publication, wherever they are: in ``marts``, kept in ``previous``, or frozen in its pack."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from hearth.database import Role, connect
from hearth.period import Period
from publishing.pack import PackError, read_pack
from publishing.tables import Connection


class ExplainError(RuntimeError):
    """A number cannot be explained. The message says why and what to do."""


@dataclass
class Store:
    """Tables of a publication by name, as relations of one connection; those of a pack are temporary tables."""

    connection: Connection
    publication: dict[str, Any]
    """The ledger's row."""
    from_pack: bool = False
    """Read the pack though the database still has the tables."""
    _relations: dict[str, sql.Identifier] = field(default_factory=dict)
    _columns: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def publication_id(self) -> int:
        return int(self.publication["publication_id"])

    def names(self) -> list[str]:
        """Every table of the publication."""
        rows = self.connection.execute(
            "select table_name from ops.publication_table where publication_id = %s order by 1", [self.publication_id]
        ).fetchall()
        return [name for (name,) in rows]

    def relation(self, table: str) -> sql.Identifier:
        """Where the table is; brought from the pack when the database does not have it any more.

        Raises ExplainError when it is nowhere.
        """
        if table not in self._relations:
            self._relations[table] = self._kept(table) or self._unpacked(table)
        return self._relations[table]

    def columns(self, table: str) -> frozenset[str]:
        if table not in self._columns and self._kept(table) is None:
            self._columns |= self._of_pack()
        if table not in self._columns:
            rows = self.connection.execute(
                "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped",
                [self.relation(table).as_string(self.connection)],
            ).fetchall()
            self._columns[table] = frozenset(name for (name,) in rows)
        return self._columns[table]

    def _kept(self, table: str) -> sql.Identifier | None:
        if self.from_pack:
            return None
        row = self.connection.execute(
            "select n.nspname, c.relname from ops.publication_table as t"
            " join pg_class as c on c.relname = t.partition_name join pg_namespace as n on n.oid = c.relnamespace"
            " where t.publication_id = %s and t.table_name = %s and n.nspname in ('marts', 'previous')",
            [self.publication_id, table],
        ).fetchone()
        return None if row is None else sql.Identifier(*row)

    def _of_pack(self) -> dict[str, frozenset[str]]:
        """Columns of every table by the manifest: nothing is unpacked to know them."""
        try:
            document, _ = read_pack(self.publication_id)
        except PackError as error:
            raise ExplainError(str(error)) from error
        return {entry["table"]: frozenset(entry["columns"]) for entry in document["tables"]}

    def _unpacked(self, table: str) -> sql.Identifier:
        import pyarrow.csv

        try:
            document, rows = read_pack(self.publication_id, table)
        except PackError as error:
            raise ExplainError(str(error)) from error
        if rows is None:
            raise ExplainError(f"[{table}] has no rows in the pack of publication [{self.publication_id}]")
        types = next(entry["columns"] for entry in document["tables"] if entry["table"] == table)
        name = sql.Identifier("pg_temp", f"pack_{table}")
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(types[column])) for column in rows.schema.names
        )
        self.connection.execute(sql.SQL("create temporary table {} ({})").format(name, columns))
        content = io.BytesIO()
        pyarrow.csv.write_csv(rows, content)
        statement = sql.SQL("copy {} from stdin (format csv, header)").format(name)
        with self.connection.cursor().copy(statement) as copy:
            copy.write(content.getvalue())
        return name


@contextmanager
def open_store(asked: str, county_code: str, *, from_pack: bool = False) -> Iterator[Store]:
    """The tables of a publication: its number, or a month YYYY-MM for what is live of it.

    Raises ExplainError when there is no such publication.
    """
    with connect(Role.PUBLISHER) as connection:
        connection.execute("set local datestyle = 'ISO, YMD'")
        if asked.isdigit():
            condition, value = "publication_id = %s and county_code = %s", asked
        else:
            condition, value = "period = %s and county_code = %s and state = 'live'", str(Period.parse(asked))
        row = connection.execute(
            f"select to_jsonb(p) from ops.publication as p where {condition}".encode(), [value, county_code]
        ).fetchone()
        if row is None:
            raise ExplainError(f"没有发布 [{asked}]；用 hearth publications 查看全部发布")
        yield Store(connection, row[0], from_pack)
        connection.rollback()
