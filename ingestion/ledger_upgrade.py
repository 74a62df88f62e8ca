"""Takes the senders' own file names out of a ledger that was begun when it still kept them (decision 0024).

What was understood of a name stays, as for a file of today. The name itself still stands in the receipt that its sender
was given.
"""

from __future__ import annotations

from typing import Any

import psycopg
import structlog

from hearth.period import Period
from ingestion.arrivals import code_key
from ingestion.contract import contracts
from ingestion.inbox import neutral_name

_log = structlog.get_logger()
_CLEAR = "inbox_key !~ '/~[0-9a-f]{32}$'"


def neutralise_names(connection: psycopg.Connection[Any]) -> int:
    """Put code keys and neutral names in place of clear ones; how many submissions had any. It may be repeated."""
    rows = connection.execute(
        f"select submission_id, department, feed, period, file_name, inbox_key from ops.submission where {_CLEAR}"
    ).fetchall()
    with connection.cursor() as cursor:
        cursor.executemany(
            "update ops.submission set file_name = %s, inbox_key = %s where submission_id = %s",
            [
                (_neutral(department, feed, period, file_name), code_key(inbox_key), submission_id)
                for submission_id, department, feed, period, file_name, inbox_key in rows
            ],
        )
    if rows:
        _log.info("file names taken out of the ledger", submissions=len(rows))
    return len(rows)


def _neutral(department: str | None, feed: str | None, period: str | None, file_name: str) -> str:
    contract = contracts().get(f"{department}.{feed}")
    if contract is not None and period is not None:
        contract = contract.in_force(Period.parse(period))
    return neutral_name(file_name, contract, period)
