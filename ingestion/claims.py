"""Who is at work on which feed and month, and what becomes of a claim whose holder is gone or hung.

The lock is a session of the database: it ends with its process, however that ends. A process that lives and is silent
for too long has its session ended for it; each claim has a name of its own, and only the claim that stands may write.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex
from typing import LiteralString

from psycopg.rows import class_row

from hearth.database import Role, connect
from ingestion.submission import Slot, Submission

_LOCK: LiteralString = "hashtextextended('intake ' || %s, 0)"
_HEARTBEAT: LiteralString = (
    "set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3;"
    " set idle_session_timeout = 0"
)
"""A machine that vanishes says nothing: the server asks after 30 seconds of silence, and lets its locks go after one
minute. It is the network that answers, so a long file with a busy worker is not taken for a dead one."""
_COLUMNS = ", ".join(Submission.__slots__)


@contextmanager
def hold(slot: Slot) -> Iterator[None]:
    """Only one intake at a time works on one feed and month; others wait. Ends with the process, however it ends.

    A trial run waits for the real thing too: it is compared with it.
    """
    with connect(Role.LOADER, autocommit=True) as connection:
        connection.execute(_HEARTBEAT)
        connection.execute("select set_config('application_name', %s, false)", [_session(_process())])
        connection.execute(f"select pg_advisory_lock({_LOCK})", [_lock_name(slot)])
        yield


class ClaimLost(RuntimeError):  # noqa: N818 - not a fault: another intake goes on with the file
    """The claim was taken over while this process was silent; nothing of it may be written any more."""


def _process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def holder() -> str:
    """Who claims: a name of its own for each claim, for it is the fence."""
    return f"{_process()}:{token_hex(4)}"


def _session(process: str) -> str:
    """What the session that holds the lock is called; the server keeps 63 bytes."""
    return "intake " + process.encode("ascii", "replace").decode()[-50:]


def _lock_name(slot: Slot) -> str:
    return "/".join(part or "" for part in (slot.county_code, slot.period, slot.department, slot.feed))


def stuck(department: str | None = None) -> list[Submission]:
    """Claims whose holder is gone: their feed and month is not locked by anybody. Of one department, or of all."""
    found: list[Submission] = []
    with connect(Role.LOADER, autocommit=True) as connection:
        with connection.cursor(row_factory=class_row(Submission)) as cursor:
            claims = cursor.execute(
                (
                    f"select {_COLUMNS} from ops.submission where state = 'claimed'"
                    " and (%(department)s::text is null or department = %(department)s)"
                    " order by received_at, submission_id"
                ).encode(),
                {"department": department},
            ).fetchall()
        for entry in claims:
            name = _lock_name(entry.slot)
            row = connection.execute(f"select pg_try_advisory_lock({_LOCK})", [name]).fetchone()
            if row is not None and row[0]:
                connection.execute(f"select pg_advisory_unlock({_LOCK})", [name])
                found.append(entry)
    return found


def beat(entry: Submission) -> None:
    """Say that the holder of a claim is at work. Raises ClaimLost when another intake has claimed it since."""
    with connect(Role.LOADER) as connection:
        done = connection.execute(
            "update ops.submission set claimed_at = clock_timestamp() where submission_id = %s and state = 'claimed'"
            " and claimed_by is not distinct from %s",
            [entry.submission_id, entry.claimed_by],
        )
    if done.rowcount == 0:
        raise ClaimLost(f"submission [{entry.submission_id}] was taken over by another intake")


def release_hung(minutes: int) -> list[str]:
    """End the sessions of intakes that live but have been silent for so long; the numbers of their claims.

    These are then without a holder, and the next intake goes on with them. What a hung one still writes when it wakes
    up is refused by the fence.
    """
    released = []
    with connect(Role.LOADER, autocommit=True) as connection:
        with connection.cursor(row_factory=class_row(Submission)) as cursor:
            silent = cursor.execute(
                (
                    f"select {_COLUMNS} from ops.submission where state = 'claimed' and claimed_by is not null"
                    " and claimed_at < clock_timestamp() - make_interval(mins => %s)"
                ).encode(),
                [minutes],
            ).fetchall()
        for entry in silent:
            # The lock of the feed and month may be held by somebody else by now: only its own holder's session ends.
            ended = connection.execute(
                f"with wanted as (select {_LOCK} as key)"
                " select pg_terminate_backend(held.pid) from pg_locks as held cross join wanted"
                " join pg_stat_activity as session using (pid) where held.locktype = 'advisory' and held.granted"
                " and held.objsubid = 1 and held.classid::bigint = (wanted.key >> 32) & 4294967295"
                " and held.objid::bigint = wanted.key & 4294967295"
                " and held.database = (select oid from pg_database where datname = current_database())"
                " and session.application_name = %s",
                [_lock_name(entry.slot), _session((entry.claimed_by or "").rpartition(":")[0])],
            ).fetchall()
            released += [entry.submission_id] if ended else []
    return released
