"""Where in a month a process is killed, and which one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import psycopg
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from hearth.database import Role, connect, url
from hearth.services import postgres, supervisor

STEPS = {
    "intake": "before insert on raw.register__household",
    "close": "catalog",
    "gate": "before insert on ops.gate_decision",
    "switch": "before insert on ops.publication",
}
"""Step -> what the database is about to do there. The close is inside dbt, at the first table that it makes."""
TARGETS = ("scheduler", "dag-processor", "worker", "task", "postgres")
_ALARM = 7_305_824
_WAITING = """
    select activity.pid, activity.client_port
    from pg_locks as waits join pg_stat_activity as activity using (pid)
    where waits.locktype = 'advisory' and waits.objid = %s and not waits.granted
"""
_Connection = psycopg.Connection[Any]


class NotThere(Exception):  # noqa: N818 - a state of waiting, no error
    """Nobody has come to the step yet."""


def _plant(step: str) -> None:
    is_catalog = STEPS[step] == "catalog"
    returns, last = ("event_trigger", "") if is_catalog else ("trigger", "return null;")
    where = "ddl_command_start when tag in ('CREATE TABLE', 'CREATE TABLE AS')" if is_catalog else STEPS[step]
    with connect(Role.OWNER) as connection:
        body = f"if session_user <> 'hearth' then perform pg_advisory_xact_lock({_ALARM}); end if; {last}"
        connection.execute(
            f"create or replace function public.chaos() returns {returns} language plpgsql security definer as "
            f"$body$ begin {body} end $body$".encode()
        )
        kind = f"event trigger chaos on {where}" if is_catalog else f"trigger chaos {where} for each statement"
        connection.execute(f"create {kind} execute function public.chaos()".encode())


def _pull_out(step: str) -> None:
    is_catalog = STEPS[step] == "catalog"
    target = "event trigger if exists chaos" if is_catalog else f"trigger if exists chaos on {STEPS[step].split()[-1]}"
    with connect(Role.OWNER) as connection:
        connection.execute(f"drop {target}".encode())
        connection.execute("drop function if exists public.chaos()")


@contextmanager
def standing_at(step: str) -> Iterator[_Connection]:
    """Whoever comes to ``step`` waits there until the block ends. Yields the session that holds the alarm."""
    _plant(step)
    alarm = psycopg.connect(url(Role.OWNER), autocommit=True)
    try:
        alarm.execute("select pg_advisory_lock(%s)", [_ALARM])
        yield alarm
    finally:
        alarm.close()  # lets go, also where the server is gone
        postgres.wait_ready()
        _pull_out(step)


@retry(retry=retry_if_exception_type(NotThere), stop=stop_after_delay(600), wait=wait_fixed(0.2), reraise=True)
def who_stands(alarm: _Connection) -> psutil.Process:
    """The process whose session waits at the step; waits for one to come."""
    row = alarm.execute(_WAITING, [_ALARM]).fetchone()
    if row is None:
        raise NotThere
    for process in psutil.process_iter():
        try:
            ports = {held.laddr.port for held in process.net_connections(kind="tcp") if held.laddr}
        except psutil.Error:
            continue
        if row[1] in ports and not process.name().startswith("postgres"):
            return process
    raise NotThere


def program(name: str) -> psutil.Process:
    """The process of one of supervisord's programs."""
    return psutil.Process(supervisor.process_id(name))


def _line(standing: psutil.Process) -> list[psutil.Process]:
    """From the scheduler down to the process that stands: scheduler, worker, task, and below it dbt."""
    scheduler = program("scheduler")
    line = [standing, *standing.parents()]
    below = [process for process in line if scheduler in process.parents()]
    return [scheduler, *reversed(below)]


def kill(target: str, standing: psutil.Process) -> int:
    """Kill what ``target`` names, for good and at once; return its process id."""
    line = _line(standing)
    victim = {"worker": line[1], "task": line[2]}.get(target) or program(target)
    os.kill(victim.pid, signal.SIGKILL)
    return victim.pid
