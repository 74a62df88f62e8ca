"""Intake: one Airflow DAG a department, made from the contracts, and one for what no department owns.

Every ten minutes (setting ``HEARTH_INTAKE_SCHEDULE``) each looks into its folder of the inbox, takes every complete
file, and asks the ledger whether a month has become ready. A new contract folder is a new DAG.
"""

from __future__ import annotations

from airflow.sdk import DAG, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.common import MONTH_READY, WAITING
from hearth.settings import settings
from ingestion.contract import departments

DOC = """
### Files of [{department}] from the inbox into the warehouse

`discover` lists complete files; one `take` per file archives, checks, loads and answers it; `announce` wakes the close
of each month that the ledger calls ready.

**When it is red:** a bad file never makes it red, it gets a rejected receipt. Red means that the database, the bucket
or the program failed. Mend that, then *clear* the failed task: taking a file twice changes nothing.
"""


def intake_dag(department: str | None) -> DAG:
    """The DAG of one department; None: folders that no contract owns."""
    name = department or "unassigned"

    @dag(
        dag_id=f"intake__{name}",
        schedule=settings().intake_schedule,
        catchup=False,
        max_active_runs=1,
        tags=["tier:1", "intake", name],
        doc_md=DOC.format(department=name),
        default_args={"owner": name, **WAITING},
    )
    def intake() -> None:
        @task
        def discover() -> list[str]:
            from ingestion.intake import discover as find

            return find(department)

        @task(map_index_template="{{ taken }}", max_active_tis_per_dag=2)
        def take(inbox_key: str) -> str:
            from ingestion.intake import take as take_file

            receipt = take_file(inbox_key)
            get_current_context()["taken"] = f"{receipt.feed or '?'} {receipt.period or '?'}"  # type: ignore[typeddict-unknown-key]
            return receipt.submission_id

        @task(outlets=[MONTH_READY], trigger_rule="all_done")
        def announce() -> None:
            from ingestion.ledger import ready_periods

            ready = ready_periods(settings().county_code)
            if not ready:
                raise AirflowSkipException("no month has become ready")
            get_current_context()["outlet_events"][MONTH_READY].add_partitions(ready)

        take.expand(inbox_key=discover()) >> announce()

    return intake()


for _department in (*departments(), None):
    globals()[f"intake__{_department or 'unassigned'}"] = intake_dag(_department)
