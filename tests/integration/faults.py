"""Faults that strike inside the database while a process of Hearth works there.

The faults are real: the server's own error for a full disk, a terminated backend, or a step that stands still while its
process is killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from hearth.database import Role, connect

FAULTS = {
    "disk full": "raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'",
    "connection lost": "perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(10)",
}
_ALARM = 7_305_813
"""An advisory lock that the test holds and the step waits for."""


@contextmanager
def fault_at(step: str, body: str) -> Iterator[None]:
    """Let ``body`` happen inside the database when one of its roles comes to ``step``.

    ``step`` is ``table:insert``, ``table:update`` or ``catalog:<tag of a command>``.
    """
    where, verb = step.split(":")
    is_catalog = where == "catalog"
    returns = "event_trigger" if is_catalog else "trigger"
    last = "" if is_catalog else "return new;"
    with connect(Role.OWNER) as connection:
        connection.execute(
            f"create or replace function ops.strike() returns {returns} language plpgsql security definer as $body$ "
            f"begin if session_user <> 'hearth' then {body}; end if; {last} end $body$".encode()
        )
        target = f"event trigger strike on ddl_command_start when tag in ('{verb.upper()}')"
        if not is_catalog:
            target = f"trigger strike before {verb} on {where} for each row"
        connection.execute(f"create {target} execute function ops.strike()".encode())
    try:
        yield
    finally:
        with connect(Role.OWNER) as connection:
            connection.execute(
                f"drop {'event trigger strike' if is_catalog else f'trigger strike on {where}'}".encode()
            )
            connection.execute("drop function ops.strike()")


def killed_at(step: str, code: str, name: str = "hearth:hearth_publisher") -> None:
    """Run ``code`` in a process of its own, kill it when the database comes to ``step``, and wait for its end there."""
    with connect(Role.OWNER) as alarm:
        alarm.execute("select pg_advisory_lock(%s)", [_ALARM])
        with fault_at(step, f"perform pg_advisory_xact_lock({_ALARM})"):
            with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as process:
                _wait_until_it_stands(alarm, process)
                os.kill(process.pid, signal.SIGKILL)
            assert process.returncode == -signal.SIGKILL
            alarm.execute("select pg_advisory_unlock(%s)", [_ALARM])
            alarm.commit()
            _wait_until_it_is_gone(alarm, name)


def _waiting(alarm: psycopg.Connection[tuple[object, ...]]) -> list[tuple[object, ...]]:
    found = alarm.execute(
        "select pid from pg_locks where locktype = 'advisory' and objid = %s and not granted", [_ALARM]
    ).fetchall()
    alarm.commit()
    return found


def _wait_until_it_stands(alarm: psycopg.Connection[tuple[object, ...]], process: subprocess.Popen[bytes]) -> None:
    tick = threading.Event()
    while not _waiting(alarm):
        assert process.poll() is None, "the switch ended before it came to the step"
        tick.wait(0.05)


def _wait_until_it_is_gone(alarm: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    """The server notices that its client is dead when it next speaks to it."""
    tick = threading.Event()
    while alarm.execute("select 1 from pg_stat_activity where application_name = %s", [name]).fetchall():
        alarm.commit()
        tick.wait(0.05)
    alarm.commit()
