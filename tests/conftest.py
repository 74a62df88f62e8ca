"""Fixtures shared by all tests: a real PostgreSQL, migrated once a session, emptied for every test that asks."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql

from hearth.database import Role, connect
from hearth.settings import Settings, settings


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def hearth_home() -> Iterator[Path]:
    """A data folder of its own for the session. Not pytest's: PostgreSQL's system user must be able to enter it."""
    home = Path(tempfile.mkdtemp(prefix="hearth-test-"))
    home.chmod(0o755)
    overrides = {
        "HEARTH_HOME": str(home),
        "HEARTH_PG_PORT": str(free_port()),
        "HEARTH_PG_FSYNC": "false",
        "HEARTH_STABLE_SECONDS": "0",
        "HEARTH_COUNTY_CODE": "530524",
        "AIRFLOW_HOME": str(home / "airflow"),
    }
    before = {name: os.environ.get(name) for name in overrides}
    os.environ.update(overrides)
    settings.cache_clear()
    yield home
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    settings.cache_clear()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def warehouse(hearth_home: Path) -> Iterator[Settings]:
    """A migrated warehouse on a real server."""
    from hearth.migrate import migrate
    from hearth.services import postgres

    with postgres.running():
        migrate()
        yield settings()


def empty(warehouse: Settings) -> None:
    """Leave no submission, build or publication in the warehouse, and nothing in the bucket."""
    with connect(Role.OWNER) as connection:
        for schema in ("candidate", "marts", "previous", "shared", "staging", "identity"):
            found = connection.execute(
                "select c.oid::regclass::text, c.relkind from pg_class as c "
                "join pg_namespace as n on n.oid = c.relnamespace "
                "where n.nspname = %s and c.relkind in ('r', 'p', 'v') and not c.relispartition",
                [schema],
            ).fetchall()
            for name, relkind in found:
                kind = "view" if relkind == "v" else "table"
                connection.execute(f"drop {kind} if exists {name} cascade")
        tables = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname in ('raw', 'ops', 'quarantine', 'vault')"
        ).fetchall()
        names = sql.SQL(", ").join(sql.Identifier(schema, table) for schema, table in tables)
        connection.execute(sql.SQL("truncate {} restart identity cascade").format(names))
    shutil.rmtree(warehouse.home / "bucket", ignore_errors=True)


@pytest.fixture
def clean_warehouse(warehouse: Settings) -> Settings:
    """The warehouse as `empty` leaves it, for one test."""
    empty(warehouse)
    return warehouse
