"""The restore drill at small size, what it must find out, and the way back after a total loss."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from hearth import backup
from hearth.backup import BackupError
from hearth.database import Role, connect, url
from hearth.disk import DiskNearlyFull, refuse_when_nearly_full
from hearth.settings import Settings, settings


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    yield monkeypatch
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def folder(clean_warehouse: Settings) -> Path:
    """A backup of a warehouse with a submission whose name holds what a dump must carry."""
    with connect(Role.OWNER) as connection:
        connection.execute(
            "insert into ops.submission (submission_id, county_code, file_name, inbox_key, sha256, byte_count, state)"
            " values ('s1', '530524', '低保''名单 \\t', 'k', 'x', 1, 'rejected')"
        )
        connection.execute("insert into ops.first_arrival values ('530524', 'd', 'f', '2026-10', now(), 's1')")
    return backup.make()


def databases() -> set[str]:
    with connect(Role.OWNER) as connection:
        return {name for (name,) in connection.execute("select datname from pg_database")}


def test_drill_compares_every_table_and_leaves_nothing_behind(folder: Path) -> None:
    before = databases()
    assert backup.drill() > 50
    assert databases() == before
    assert folder.stat().st_mode & 0o077 == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir() if file.name != backup.MANIFEST)


def test_drill_names_the_table_that_does_not_come_back(folder: Path) -> None:
    manifest = json.loads((folder / backup.MANIFEST).read_text(encoding="utf-8"))
    manifest["tables"]["ops.submission"][1] = "1"
    (folder / backup.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(BackupError, match=r"ops\.submission"):
        backup.drill(folder)
    assert backup.DRILL_DATABASE not in databases()


def test_file_that_was_touched_and_backup_that_was_broken_off_are_none(folder: Path) -> None:
    with (folder / backup.DUMP).open("ab") as file:
        file.write(b"x")
    with pytest.raises(BackupError, match="take an earlier backup"):
        backup.drill(folder)
    (folder / backup.MANIFEST).unlink()
    assert folder not in backup.backups()
    with pytest.raises(BackupError, match="broken off"):
        backup.drill(folder)


def test_only_the_newest_are_kept(folder: Path) -> None:
    newest = backup.make(keep=1)
    assert backup.backups() == [newest]


def test_warehouse_is_restored_after_a_total_loss_and_never_over_another(
    folder: Path, setting: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BackupError, match="holds a warehouse"):
        backup.restore(folder)
    setting.setenv("HEARTH_PG_DATABASE", "hearth_again")
    settings.cache_clear()
    try:
        backup.restore(folder)
        with connect(Role.OWNER) as connection:
            assert connection.execute("select file_name from ops.submission").fetchall() == [("低保'名单 \\t",)]
            with pytest.raises(psycopg.errors.RaiseException, match="written once"):  # its guards came along
                connection.execute("delete from ops.access_log")
    finally:
        with psycopg.connect(url(Role.OWNER, database="postgres"), autocommit=True) as connection:
            connection.execute("drop database if exists hearth_again with (force)")


def test_nothing_starts_on_a_disk_that_is_nearly_full(hearth_home: Path, setting: pytest.MonkeyPatch) -> None:
    assert refuse_when_nearly_full() > 0
    setting.setenv("HEARTH_DISK_FREE_GB", "1000000")
    settings.cache_clear()
    with pytest.raises(DiskNearlyFull, match=r"GB left, 1e\+06 GB are needed.*make room"):
        refuse_when_nearly_full()
