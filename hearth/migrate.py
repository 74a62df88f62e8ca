"""Bring a warehouse to the present shape: roles, schemas, the rooms' own tables, rights. Safe to run at any time."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import LiteralString, cast

import psycopg
import structlog
from psycopg import sql

from hearth.database import Role, connect, password
from hearth.settings import settings

_LOCK_ID = 7_305_812  # one migration at a time; the number means nothing else
_NUMBERED = re.compile(r"\d\d_[a-z_]+\.sql")
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


def schema_scripts() -> list[Traversable]:
    """The files of ``hearth/sql``, in the order in which they are applied: by name, which begins with two digits.

    Raises RuntimeError when the installation brought none, or one whose place in the order cannot be read.
    """
    scripts = sorted(
        (item for item in files("hearth").joinpath("sql").iterdir() if item.name.endswith(".sql")),
        key=lambda item: item.name,
    )
    if misnamed := [item.name for item in scripts if not _NUMBERED.fullmatch(item.name)]:
        raise RuntimeError(f"{misnamed} in hearth/sql: a file is named by its place and subject, 45_calendar.sql")
    if not scripts:
        raise RuntimeError("hearth/sql holds no script; the package was built without its data")
    return scripts


def _apply(connection: psycopg.Connection, script: Traversable) -> None:
    connection.execute(script.read_text(encoding="utf-8").encode())


def migrate() -> None:
    """Create or extend everything the rooms expect to find. One transaction: it happens wholly or not at all."""
    with connect(Role.OWNER) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK_ID])
        _ensure_roles(connection)
        for script in schema_scripts():
            _apply(connection, script)
        for hook in sorted(entry_points(group="hearth.migrations"), key=lambda entry: entry.name):
            run = cast("Callable[[psycopg.Connection], None]", hook.load())
            run(connection)
            _log.debug("migrated", room=hook.name)
        _apply(connection, files("hearth").joinpath("access.sql"))
