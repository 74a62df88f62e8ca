"""What a close takes from the machine: processor seconds of the database and of dbt, memory, temporary files.

Processor seconds, not those of the clock: other work on the machine lengthens a close, it does not make it dearer.
"""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from hearth.database import Role, connect
from hearth.services import postgres


@dataclass
class Bill:
    """What a block took: seconds of the clock, processor seconds, bytes."""

    wall: float = 0.0
    database: float = 0.0
    dbt: float = 0.0
    memory: int = 0
    """Most that the database's processes held at once, shared pages counted once (PSS)."""
    temporary: int = 0
    """Bytes of temporary files the database wrote."""

    def __str__(self) -> str:
        return (
            f"clock {self.wall:.1f} s, database {self.database:.2f} s, dbt {self.dbt:.1f} s of processor,"
            f" memory {self.memory / 2**20:.0f} MB, temporary files {self.temporary / 2**20:.1f} MB"
        )


def _server() -> psutil.Process:
    return psutil.Process(int((postgres.data_dir() / "postmaster.pid").read_text(encoding="utf-8").split()[0]))


def _database_seconds(server: psutil.Process) -> float:
    times = server.cpu_times()
    total = times.user + times.system + times.children_user + times.children_system
    for backend in server.children():
        try:
            spent = backend.cpu_times()
        except psutil.NoSuchProcess:  # ended meanwhile: then the server counts it among its children
            continue
        total += spent.user + spent.system
    return float(total)


def _dbt_seconds() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _temporary() -> int:
    with connect(Role.OWNER) as connection:
        row = connection.execute(
            "select temp_bytes from pg_stat_database where datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def billed() -> Iterator[Bill]:
    """Fill in the bill at the end of the block. Memory is looked at five times a second."""
    bill, server, stop = Bill(), _server(), threading.Event()

    def watch() -> None:
        while not stop.wait(0.2):
            held = 0
            for process in (server, *server.children()):
                try:
                    held += process.memory_full_info().pss
                except psutil.Error:
                    continue
            bill.memory = max(bill.memory, held)

    before = time.perf_counter(), _database_seconds(server), _dbt_seconds(), _temporary()
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield bill
    finally:
        stop.set()
        watcher.join()
        bill.wall, bill.database = time.perf_counter() - before[0], _database_seconds(server) - before[1]
        bill.dbt, bill.temporary = _dbt_seconds() - before[2], _temporary() - before[3]
