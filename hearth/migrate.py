"""Bring a warehouse to the present shape: roles, schemas, the rooms' own tables, rights. Safe to run at any time."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from importlib.resources import files
from typing import LiteralString, cast

import psycopg
import structlog
from psycopg import sql

from hearth.database import Role, connect, password
from hearth.settings import settings

_LOCK_ID = 7_305_812  # one migration at a time; the number means nothing else
_log = structlog.get_logger()


def _ensure_roles(connection: psycopg.Connection) -> None:
    database = sql.Identifier(settings().pg_database)
    connection.execute(sql.SQL("revoke all on database {} from public").format(database))
    known = {name for (name,) in connection.execute("select rolname from pg_roles")}
    for role in Role:
        if role is Role.OWNER:
            continue
        verb: LiteralString = "alter" if role.value in known else "create"
        statement = sql.SQL("{} role {} login password {}").format(
            sql.SQL(verb), sql.Identifier(role.value), sql.Literal(password(role))
        )
        connection.execute(statement)
        connection.execute(sql.SQL("grant connect on database {} to {}").format(database, sql.Identifier(role.value)))
    for role in (Role.BUILDER, Role.VAULT):  # dbt's incremental models and the vault's COPY need temporary tables
        statement = sql.SQL("grant temporary on database {} to {}").format(database, sql.Identifier(role.value))
        connection.execute(statement)


def _script(connection: psycopg.Connection, name: str) -> None:
    text = files("hearth").joinpath(name).read_text(encoding="utf-8")
    connection.execute(text.encode())


def migrate() -> None:
    """Create or extend everything the rooms expect to find. One transaction: it happens wholly or not at all."""
    with connect(Role.OWNER) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK_ID])
        _ensure_roles(connection)
        _script(connection, "schema.sql")
        for hook in sorted(entry_points(group="hearth.migrations"), key=lambda entry: entry.name):
            run = cast("Callable[[psycopg.Connection], None]", hook.load())
            run(connection)
            _log.debug("migrated", room=hook.name)
        _script(connection, "access.sql")
