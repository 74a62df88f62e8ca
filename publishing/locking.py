"""Take every lock of a switch at once, or none and try again."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
import structlog
from psycopg import sql
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from publishing.policy import Policy
from publishing.tables import Connection, PublicationError

_log = structlog.get_logger()

_BUSY = (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled, psycopg.errors.DeadlockDetected)


def lock_parents(connection: Connection, tables: Iterable[str], policy: Policy) -> int:
    """ACCESS EXCLUSIVE on the parents ``marts.<table>``, in name order; return how many attempts it took.

    One statement, cut off by ``lock_timeout_ms`` in total and so before any reader's deadlock check: a reader that
    holds one table and waits for another is let through, and the switch tries again. A failed attempt gives back every
    lock it took (savepoint). Partitions are not locked here: readers reach them through the parent only.
    Raises PublicationError after ``lock_attempts``; the caller's transaction then rolls back and nothing has changed.
    """
    names = sql.SQL(", ").join(sql.Identifier("marts", table) for table in sorted(tables))
    budget = sql.Literal(f"{policy.lock_timeout_ms}ms")
    wait = policy.lock_wait_seconds

    def busy(state: RetryCallState) -> None:
        _log.warning("readers hold the published tables; the switch waits", attempt=state.attempt_number)

    attempts = Retrying(
        retry=retry_if_exception_type(_BUSY),
        stop=stop_after_attempt(policy.lock_attempts),
        wait=wait_random_exponential(multiplier=wait.shortest, min=wait.shortest, max=wait.longest),
        before_sleep=busy,
        reraise=True,
    )
    attempt_number = 0
    try:
        for attempt in attempts:
            with attempt, connection.transaction():
                attempt_number = attempt.retry_state.attempt_number
                connection.execute(sql.SQL("set local statement_timeout = {}").format(budget))
                connection.execute(sql.SQL("set local lock_timeout = {}").format(budget))
                connection.execute(sql.SQL("lock table only {} in access exclusive mode").format(names))
                connection.execute("set local statement_timeout = 0")
                # From here on only housekeeping can stand in the way (autovacuum of a partition). The server ends
                # that by itself once a waiter has waited deadlock_timeout, so this wait must be longer.
                connection.execute("set local lock_timeout = '5s'")
    except _BUSY as error:
        raise PublicationError(
            f"readers held the published tables through {attempt_number} attempts; nothing was changed. "
            "Find them in pg_stat_activity (long transactions), then publish again"
        ) from error
    return attempt_number
