"""What the DAGs of Hearth share: assets, pools, how a task waits when a service is away, who is told when it stops."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, Context

from hearth.counties import key_of, of_key, serve
from hearth.settings import settings
from ingestion.contract import departments

MONTH_READY = Asset(name="month_ready", uri="hearth://ledger/month_ready", group="ledger")
"""A period is worth building. Its partition key is the period; the ledger decides, the asset only wakes."""

WAIVER_WANTED = Asset(name="waiver_wanted", uri="hearth://ledger/waiver_wanted", group="ledger")
"""A month is blocked and only a named person could let it through. Its partition key is the period."""

RAW = {name: Asset(name=f"raw.{name}", uri=f"hearth://raw/{name}", group="raw") for name in departments()}
"""Accepted rows of a department. Its partition key is the period: a department-month is a partition (decision 0029)."""

MARTS = Asset(name="marts", uri="hearth://warehouse/marts", group="warehouse")
SHARED = Asset(name="shared", uri="hearth://warehouse/shared", group="warehouse")
"""What was published, and what readers see of it. Their partition key is the period."""

INTAKE_POOL, BUILD_POOL = "intake", "build"
"""Made at `hearth up` with the sizes of the settings: how much of PostgreSQL intake and builds may take at once."""

WAITING: dict[str, Any] = {
    # The database or the bucket may be away for a while; bad input never raises, so a retry is never wasted on it.
    "retries": 6,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(hours=1),
}


def period_of(context: Context) -> str | None:
    """The month that a run is about: its partition, or the param of a run by hand; None when it is about none."""
    key = context["dag_run"].partition_key
    return of_key(key)[1] if key else context["params"].get("period")


def mine(*periods: str) -> list[str]:
    """Partitions of months of the county that this task serves."""
    return [key_of(settings().county_code, period) for period in periods]


def serve_county(context: Any) -> None:
    """Before a task begins: it serves the county of its run's partition or param, else the first one."""
    run = context["dag_run"]
    by_hand = (run.conf or {}).get("county") or context["params"].get("county")
    serve(of_key(run.partition_key)[0] if run.partition_key else by_hand or settings().counties[0])


def tell_failure(context: Context) -> None:
    """Tell the engineer what stopped, of whom, of which month, and what to do: the task's own documentation."""
    from publishing.alarms import Alarm, tell

    task, run = context["task"], context["dag_run"]
    tell(
        Alarm(
            dag_id=run.dag_id,
            task_id=task.task_id,
            run_id=run.run_id,
            department=task.owner,
            period=context.get("taken") or period_of(context),  # type: ignore[arg-type]  # our own key, a text
            problem=type(context.get("exception")).__name__,
            next_step=(task.doc_md or "").strip(),
        )
    )


ANSWERED: dict[str, Any] = {**WAITING, "on_failure_callback": tell_failure, "pre_execute": serve_county}
"""What every task of every DAG starts from."""
