"""The cut-off: at 8 o'clock every morning, close the months whose cut-off has passed, with whatever has come."""

from __future__ import annotations

from airflow.sdk import DAG, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.common import ANSWERED, MONTH_READY
from hearth.counties import key_of
from hearth.settings import settings

DOC = """
### Cut-off

After the cut-off day (setting `HEARTH_CUTOFF_DAY`) a month is closed without the departments that have not reported:
their last accepted rows are carried forward, marked, and age into *unknown*.

**When it is red:** the database was away. *Clear* it; a month that is already published is not built again.
"""


@dag(
    dag_id="cutoff",
    schedule=settings().cutoff_schedule,
    catchup=False,
    max_active_runs=1,
    tags=["tier:1", "cutoff"],
    doc_md=DOC,
    default_args={"owner": "warehouse", **ANSWERED},
)
def cutoff() -> None:
    """Emits `month_ready` for each county's oldest month past its cut-off that has news; its close wakes the next."""

    @task(outlets=[MONTH_READY], doc_md="The database was away. *Clear* this task.")
    def cut_off() -> None:
        from datetime import datetime

        from ingestion.ledger import periods_past_cutoff

        now = datetime.now(settings().zone)
        due = [key_of(at, month) for at in settings().counties for month in periods_past_cutoff(at, now)[:1]]
        if not due:
            raise AirflowSkipException("no month is past its cut-off with news")
        get_current_context()["outlet_events"][MONTH_READY].add_partitions(due)

    cut_off()


cutoff_dag: DAG = cutoff()
