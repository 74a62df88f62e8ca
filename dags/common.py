"""What the DAGs of Hearth share: the asset that wakes the close, and how a task waits when a service is away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset

MONTH_READY = Asset(name="month_ready", uri="hearth://ledger/month_ready")
"""A period is worth building. Its partition key is the period; the ledger decides, the asset only wakes."""

WAIVER_WANTED = Asset(name="waiver_wanted", uri="hearth://ledger/waiver_wanted")
"""A month is blocked and only a named person could let it through. Its partition key is the period."""

WAITING: dict[str, Any] = {
    # The database or the bucket may be away for a while; bad input never raises, so a retry is never wasted on it.
    "retries": 6,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(hours=1),
}
