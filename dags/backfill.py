"""Backfill: one command closes any range of months again, as far as there is news."""

from __future__ import annotations

from airflow.sdk import DAG, CronPartitionTimetable, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.common import ANSWERED, MONTH_READY, period_of
from hearth.counties import key_of
from hearth.settings import settings

DOC = """
### Backfill

```
airflow backfill create --dag-id backfill --from-date 2024-11-01 --to-date 2026-10-01 --max-active-runs 1
```

asks the ledger about each month of the range; those with something newer than what is published are closed, oldest
first. Broken off, the same command with `--reprocess-behavior completed` goes on: what is published is not built again.
By itself it asks about one month on its first day, when there is nothing to do yet.

**When it is red:** the database was away. *Clear* it.
"""


@dag(
    dag_id="backfill",
    schedule=CronPartitionTimetable("0 0 1 * *", timezone=settings().timezone, key_format="%Y-%m"),
    catchup=False,
    max_active_runs=1,
    tags=["tier:2", "backfill"],
    doc_md=DOC,
    default_args={"owner": "warehouse", **ANSWERED},
)
def backfill() -> None:
    """One run a month; its partition key is the month."""

    @task(outlets=[MONTH_READY], doc_md="The database was away. *Clear* this task.")
    def wake() -> None:
        from datetime import datetime

        from ingestion.ledger import waiting_periods

        period, now = period_of(get_current_context()) or "", datetime.now(settings().zone)
        waiting = [key_of(county, period) for county in settings().counties if period in waiting_periods(county, now)]
        if not waiting:
            raise AirflowSkipException(f"[{period}] is published as it should be, or nothing has come for it")
        get_current_context()["outlet_events"][MONTH_READY].add_partitions(waiting)

    wake()


backfill_dag: DAG = backfill()
