"""Backups of the database, and the drill that proves one can be gone back to.

A backup is a folder: the dump, the roles, and a manifest with a checksum of each file and of each table's rows, taken
from the very snapshot that was dumped. The drill restores it into a database of its own and compares. The secrets are
not in it: without them a backup opens nothing, so they are kept apart.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import structlog
from psycopg import sql

from hearth.database import Role, connect, password, url
from hearth.services import postgres
from hearth.settings import settings

DUMP, ROLES, MANIFEST = "warehouse.dump", "roles.sql", "manifest.json"
DRILL_DATABASE = "hearth_drill"
_log = structlog.get_logger()


class BackupError(RuntimeError):
    """A backup was not made, or cannot be gone back to. Says what is wrong with it."""


def backups() -> list[Path]:
    """Whole backups of this installation, oldest first. One that was broken off has no manifest and is none."""
    return sorted(path.parent for path in settings().backups.glob(f"*/{MANIFEST}"))


def make(keep: int | None = None) -> Path:
    """Dump the warehouse while it is used; return the folder. After it all but the newest ``keep`` are deleted."""
    folder = settings().backups / datetime.now(settings().zone).strftime("%Y%m%dT%H%M%S%f")
    folder.mkdir(parents=True, mode=0o700)
    with connect(Role.OWNER) as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        snapshot = connection.execute("select pg_export_snapshot()").fetchone()
        if snapshot is None:
            raise BackupError("the server gave no snapshot")
        _run(
            "pg_dump", "--format=custom", f"--snapshot={snapshot[0]}", f"--file={folder / DUMP}", settings().pg_database
        )
        tables = _tables(connection)
    _run("pg_dumpall", "--roles-only", f"--file={folder / ROLES}")
    document = {
        "made_at": datetime.now(settings().zone).isoformat(),
        "files": {name: _sha256(folder / name) for name in (DUMP, ROLES)},
        "tables": tables,
    }
    for name in (DUMP, ROLES):
        (folder / name).chmod(0o600)
    unfinished = folder / f"{MANIFEST}.part"
    unfinished.write_text(json.dumps(document, indent=1), encoding="utf-8")
    unfinished.rename(folder / MANIFEST)  # last and at once: what has a manifest is whole
    _log.info("backed up", folder=folder.name, tables=len(tables), bytes=(folder / DUMP).stat().st_size)
    for old in backups()[: -(keep or settings().backups_kept)]:
        for file in old.iterdir():
            file.unlink()
        old.rmdir()
    return folder


def drill(folder: Path | None = None) -> int:
    """Restore a backup (the newest by default) into a database of its own, compare every table, drop it again.

    Returns the number of tables compared. Raises BackupError naming what is missing or different.
    """
    if folder is None:
        found = backups()
        if not found:
            raise BackupError(f"there is no backup in [{settings().backups}]; `hearth backup` makes one")
        folder = found[-1]
    manifest = _read(folder)
    try:
        _restore(folder, DRILL_DATABASE)
        with psycopg.connect(url(Role.OWNER, database=DRILL_DATABASE)) as connection:
            restored = _tables(connection)
    finally:
        _drop(DRILL_DATABASE)
    wanted: dict[str, list[str]] = manifest["tables"]
    if different := sorted(name for name in wanted.keys() | restored.keys() if wanted.get(name) != restored.get(name)):
        raise BackupError(f"backup [{folder.name}] does not bring back {different[:10]}; make another one")
    _log.info("drill passed", folder=folder.name, tables=len(restored))
    return len(restored)


def restore(folder: Path) -> None:
    """Bring a backup back into a server that has no warehouse yet: a new installation with the old secrets.

    Raises BackupError when there is a warehouse already, or when the backup is not whole.
    """
    _read(folder)
    with psycopg.connect(url(Role.OWNER, database="postgres"), autocommit=True) as connection:
        name = settings().pg_database
        if connection.execute("select from pg_database where datname = %s", [name]).fetchone() is not None:
            with connect(Role.OWNER) as existing:
                if existing.execute("select to_regclass('ops.submission')").fetchone() != (None,):
                    raise BackupError(f"database [{name}] holds a warehouse; a backup is never restored over one")
            _drop(name)
    # Roles get the passwords of the backup, which are those of its secrets; that some exist is no error.
    _run("psql", "--quiet", "--no-psqlrc", f"--file={folder / ROLES}", "postgres")
    _restore(folder, settings().pg_database)


def _restore(folder: Path, database: str) -> None:
    _drop(database)
    with psycopg.connect(url(Role.OWNER, database="postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(database)))
        connection.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(database)))
    jobs = max(1, min(4, os.cpu_count() or 1))
    _run("pg_restore", "--exit-on-error", f"--jobs={jobs}", f"--dbname={database}", str(folder / DUMP))


def _drop(database: str) -> None:
    with psycopg.connect(url(Role.OWNER, database="postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database)))


def _read(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.exists():
        raise BackupError(f"[{folder}] has no {MANIFEST}: it is no backup, or one that was broken off")
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for name, digest in manifest["files"].items():
        if not (folder / name).exists() or _sha256(folder / name) != digest:
            raise BackupError(f"[{name}] of backup [{folder.name}] is not what was written; take an earlier backup")
    return manifest


def _tables(connection: psycopg.Connection) -> dict[str, list[str]]:
    """Table -> [rows, sum over a hash of each row]: the same rows give the same, in any order."""
    names = connection.execute(
        "select n.nspname, c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
        " where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1, 2"
    ).fetchall()
    found = {}
    for schema, table in names:
        row = connection.execute(
            sql.SQL(
                "select count(*)::text, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text from {} as t"
            ).format(sql.Identifier(schema, table))
        ).fetchone()
        found[f"{schema}.{table}"] = list(row or ())
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _run(program: str, *arguments: str) -> None:
    config = settings()
    where = {"PGHOST": config.pg_host, "PGPORT": str(config.pg_port), "PGUSER": Role.OWNER.value}
    finished = subprocess.run(
        [postgres.program(program), *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **where, "PGPASSWORD": password(Role.OWNER)},
    )
    if finished.returncode != 0:
        raise BackupError(f"{program} failed: {finished.stderr.strip()[-1000:]}")
