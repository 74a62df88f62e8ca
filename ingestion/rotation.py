"""A new token key: every token in the warehouse is replaced by the token of the same value under the new key.

Tokens are what everything joins on, so they change together or not at all: raw, the identity maps, what is published
and what could be published again. Published keys (household_key, person_key) stay; the key maps keep them beside the
new token. The clear values come from the vault, which holds every value that ever became a token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
import structlog
from psycopg import sql

from hearth import secrets
from hearth.checksums import TOKEN_SUFFIX, content
from hearth.database import Role, connect
from ingestion import keys
from ingestion.keys import Purpose
from ingestion.vault import place

_log = structlog.get_logger()
_BATCH = 10_000
_LOCK_WAIT = "30s"
_T = TypeVar("_T")
GUESSES = "candidate_hash"
"""Tokens of numbers that were never sent, so that the vault need not know them; those it does not know are dropped."""


class RotationRefused(RuntimeError):  # noqa: N818 - reads as what it is
    """The tokens cannot be replaced now; nothing was changed."""


@dataclass(frozen=True, slots=True)
class TokenColumn:
    """A column of tokens, in any schema."""

    schema: str
    table: str
    column: str
    is_list: bool

    @property
    def is_guess(self) -> bool:
        return self.column == GUESSES

    @property
    def relation(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.table)


@dataclass(frozen=True, slots=True)
class Rotation:
    """What was replaced: the version now in force, values of the vault, and rows by table."""

    version: int
    values: int
    rows: dict[str, int]


def _token_columns(connection: psycopg.Connection[Any]) -> list[TokenColumn]:
    rows = connection.execute(
        "select n.nspname, c.relname, a.attname, a.atttypid = 'text[]'::regtype"
        " from pg_attribute as a join pg_class as c on c.oid = a.attrelid join pg_namespace as n on n.oid ="
        " c.relnamespace where c.relkind = 'r' and not a.attisdropped and right(a.attname, %s) = %s"
        " and a.atttypid in ('text'::regtype, 'text[]'::regtype)"
        " and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_%%'"
        " order by n.nspname, c.relname, a.attnum",
        [len(TOKEN_SUFFIX), TOKEN_SUFFIX],
    )
    return [TokenColumn(*row) for row in rows]


def _refuse_builds(connection: psycopg.Connection[Any]) -> None:
    """A build that has not ended may hold tokens in a statement or a temporary table that is not seen from here."""
    rows = connection.execute(
        "select build_id, county_code, period, state from ops.build as b where state in ('planned', 'built', 'passed')"
        " and not exists (select from ops.build as later where later.county_code = b.county_code"
        " and later.period = b.period and later.build_id > b.build_id) order by build_id"
    ).fetchall()
    if rows:
        named = ", ".join(f"[{build}] of {county} {period} ({state})" for build, county, period, state in rows)
        raise RotationRefused(f"builds have not ended: {named}; let them be published or close their month again")


def _lock_tables(connection: psycopg.Connection[Any], columns: list[TokenColumn]) -> None:
    """Nobody writes tokens until the end; readers go on reading the old ones."""
    connection.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(_LOCK_WAIT)))
    relations = [sql.Identifier(*name) for name in dict.fromkeys((column.schema, column.table) for column in columns)]
    if relations:
        connection.execute(sql.SQL("lock table {} in exclusive mode").format(sql.SQL(", ").join(relations)))


def _changes(connection: psycopg.Connection[Any], new: keys.Tokens, key: keys.DataKey) -> int:
    """Fill ``token_change`` with old and new token and the value sealed for its new place; returns how many."""
    connection.execute(
        "create temporary table token_change (kind text not null, old text not null, new text not null,"
        " ciphertext bytea not null) on commit drop"
    )
    held = {
        row[0]: keys.unwrapped(connection, row[0], row[1], row[2], bytes(row[3]))
        for row in connection.execute("select key_id, scope, wrapping_version, wrapped from vault.data_key").fetchall()
    }
    count = 0
    with connection.cursor(name="vault_entries") as entries, connection.cursor() as cursor:
        entries.execute("select kind, token, key_id, ciphertext from vault.entry order by kind")
        while rows := entries.fetchmany(_BATCH):
            clear = [held[key_id].open(bytes(sealed), place(kind, token)) for kind, token, key_id, sealed in rows]
            tokens = _by_kind([row[0] for row in rows], clear, new.of)
            sealed = key.seal(clear, [place(row[0], token) for row, token in zip(rows, tokens, strict=True)])
            with cursor.copy("copy token_change from stdin (format binary)") as copy:
                copy.set_types(["text", "text", "text", "bytea"])
                for row, token, text in zip(rows, tokens, sealed, strict=True):
                    copy.write_row((row[0], row[1], token, text))
            count += len(rows)
    connection.execute("create unique index on token_change (old) include (new)")
    connection.execute("analyze token_change")
    return count


def _by_kind(kinds: list[str], values: list[str], work: Callable[[str, list[str]], list[_T]]) -> list[_T]:
    """``work`` on each run of equal kinds, results in the order of the values."""
    found: list[_T] = []
    start = 0
    for end in range(1, len(kinds) + 1):
        if end == len(kinds) or kinds[end] != kinds[start]:
            found += work(kinds[start], values[start:end])
            start = end
    return found


def _replacement(column: TokenColumn) -> sql.Composed:
    if not column.is_list:
        return sql.SQL("(select new from token_change where old = t.{})").format(sql.Identifier(column.column))
    return sql.SQL(
        "case when t.{0} is not null then array(select change.new from unnest(t.{0}) with ordinality as o (old, place)"
        " {1} join token_change as change on change.old = o.old order by o.place) end"
    ).format(sql.Identifier(column.column), sql.SQL("inner" if column.is_guess else "left"))


def _refuse_strangers(connection: psycopg.Connection[Any], column: TokenColumn) -> None:
    """A token that the vault does not know cannot be replaced, and must not stay behind under the old key."""
    source = "unnest(t.{})" if column.is_list else "(select t.{})"
    row = connection.execute(
        sql.SQL(
            "select count(*) from {} as t cross join lateral " + source + " as o (old) where o.old is not null"
            " and not exists (select from token_change where token_change.old = o.old)"
        ).format(column.relation, sql.Identifier(column.column))
    ).fetchone()
    if row and row[0]:
        raise RotationRefused(
            f"[{row[0]}] tokens in [{column.schema}.{column.table}.{column.column}] are not in the vault;"
            " restore the vault that belongs to this table, or drop the table if it is a left-over"
        )


def _replace(connection: psycopg.Connection[Any], columns: list[TokenColumn]) -> dict[str, int]:
    by_table: dict[tuple[str, str], list[TokenColumn]] = {}
    for column in columns:
        if not column.is_guess:
            _refuse_strangers(connection, column)
        by_table.setdefault((column.schema, column.table), []).append(column)
    counts = {}
    for (schema, table), held in by_table.items():
        settings = sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(column.column), _replacement(column)) for column in held
        )
        done = connection.execute(sql.SQL("update {} as t set {}").format(sql.Identifier(schema, table), settings))
        counts[f"{schema}.{table}"] = done.rowcount
    return counts


def _record_sums(connection: psycopg.Connection[Any], columns: list[TokenColumn], signed: tuple[int, str, str]) -> None:
    """Of published tables: what they sum up to now, beside what the ledger says of the day they were published."""
    for schema, table in dict.fromkeys((column.schema, column.table) for column in columns):
        published = connection.execute(
            "select publication_id, table_name, column_names from ops.publication_table"
            " where partition_name = %s and column_names is not null and %s in ('marts', 'previous')",
            [table, schema],
        ).fetchall()  # several where a month was closed again and the table kept
        for publication_id, name, summed in published:
            connection.execute(
                "insert into ops.publication_rekeyed (publication_id, table_name, checksum, key_version, rekeyed_by,"
                " purpose) values (%s, %s, %s, %s, %s, %s)",
                [publication_id, name, content(connection, schema, table, summed).checksum, *signed],
            )


@contextmanager
def _new_key_file() -> Iterator[int]:
    """The next version's number; its key file goes again unless everything done with it has been committed."""
    with connect(Role.OWNER) as connection:
        version = keys.next_version(Purpose.TOKEN, keys.version_in_force(connection, Purpose.TOKEN))
    try:
        yield version
    except BaseException:
        secrets.forget_secret(keys.file_name(Purpose.TOKEN, version))
        raise


def rotate_token_key(*, who: str, purpose: str) -> Rotation:
    """Put a new token key in force and replace every token, in one transaction. Stops intake and readers not at all.

    ``who`` and ``purpose`` go into ``ops.access_log``: every value of the vault is opened. Raises RotationRefused, with
    nothing changed, while a build has not ended or a table holds tokens that the vault does not know, ValueError when
    who or purpose is blank, psycopg.errors.LockNotAvailable when a table stays in use for half a minute.
    """
    if not who.strip() or not purpose.strip():
        raise ValueError("every value of the vault is opened for this; give who and purpose")
    with _new_key_file() as version, connect(Role.OWNER) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [keys.TOKEN_LOCK])
        _refuse_builds(connection)
        columns = _token_columns(connection)
        _lock_tables(connection, columns)
        keys.enter_version(connection, Purpose.TOKEN, version)
        key = keys.data_key(connection, f"tokens of version {version}")
        values = _changes(connection, keys.tokens_in_force(connection), key)
        rows = _replace(connection, columns)
        _record_sums(connection, columns, (version, who, purpose))
        connection.execute(
            "update vault.entry set token = change.new, ciphertext = change.ciphertext, key_id = %s"
            " from token_change as change where entry.kind = change.kind and entry.token = change.old",
            [key.key_id],
        )
        connection.execute(
            "insert into ops.access_log (who, purpose, kind, entry_count) values (%s, %s, 'every kind', %s)",
            [who, purpose, values],
        )
    _log.info("tokens replaced", version=version, values=values, rows=sum(rows.values()))
    return Rotation(version, values, rows)
