"""Take every lock of a switch at once, or none and try again."""

from __future__ import annotations

import time
from collections.abc import Iterable

import psycopg
import structlog
from psycopg import sql
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from publishing.policy import Policy
from publishing.tables import Connection, PublicationError

_log = structlog.get_logger()

_BUSY = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


def lock_parents(connection: Connection, tables: Iterable[str], policy: Policy) -> int:
    """ACCESS EXCLUSIVE on the parents ``marts.<table>``; return how many attempts it took.

    An attempt gets ``lock_timeout_ms`` for all its locks together, less than any reader's deadlock check: a reader that
    holds one table and waits for another is let through, and the switch tries again. A failed attempt gives back every
    lock it took (savepoint). Locks are taken in name order; the table that was busy comes first the next time, when
    nothing is held that its reader could be waiting for. Only one switch runs at a time, so no order of ours can
    conflict. Partitions are not locked here: readers reach them through the parent only.
    Raises PublicationError after ``lock_attempts``; the caller's transaction then rolls back and nothing has changed.
    """
    order = sorted(tables)
    wait = policy.lock_wait_seconds

    def busy(state: RetryCallState) -> None:
        _log.warning("readers hold the published tables; the switch waits", attempt=state.attempt_number)

    attempts = Retrying(
        retry=retry_if_exception_type(_BUSY),
        stop=stop_after_attempt(policy.lock_attempts),
        wait=wait_random_exponential(multiplier=wait.shortest, max=wait.longest),
        before_sleep=busy,
        reraise=True,
    )
    attempt_number = 0
    try:
        for attempt in attempts:
            with attempt, connection.transaction():
                attempt_number = attempt.retry_state.attempt_number
                _lock_in_order(connection, order, policy.lock_timeout_ms / 1000)
    except _BUSY as error:
        raise PublicationError(
            f"readers held the published tables through {attempt_number} attempts, last [{order[0]}]; nothing was "
            "changed. Find them in pg_stat_activity (long transactions), then publish again"
        ) from error
    return attempt_number


def _lock_in_order(connection: Connection, order: list[str], budget_seconds: float) -> None:
    """One attempt; moves the table that was busy to the front of ``order`` before it raises."""
    deadline = time.monotonic() + budget_seconds
    for table in tuple(order):
        left = max(round((deadline - time.monotonic()) * 1000), 1)
        connection.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(f"{left}ms")))
        try:
            connection.execute(
                sql.SQL("lock table only {} in access exclusive mode").format(sql.Identifier("marts", table))
            )
        except _BUSY:
            order.remove(table)
            order.insert(0, table)
            raise
    # From here on only housekeeping can stand in the way (autovacuum of a partition). The server ends that by itself
    # once a waiter has waited deadlock_timeout, so this wait must be longer.
    connection.execute("set local lock_timeout = '5s'")
