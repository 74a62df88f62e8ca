"""Housekeeping: every night a backup and the proof that it can be gone back to; then what is over is deleted."""

from __future__ import annotations

from airflow.sdk import DAG, dag, task
from airflow.sdk.exceptions import AirflowFailException

from dags.common import ANSWERED, BUILD_POOL
from hearth.settings import settings

DOC = """
### Housekeeping

`check_disk` refuses when the disk is nearly full; `back_up` dumps the database; `drill` restores the dump aside and
compares every table; `delete_expired` deletes submissions that are older than their contract allows,
with a proof in `ops.deletion`; `clean_airflow` forgets old runs.

**When it is red**
- *check_disk*: make room, then *clear*. Closes refuse to start meanwhile, and say so.
- *back_up*, *drill*: the log names the table or the program. Mend it, then *clear* from `back_up` on. A backup whose
  drill failed is none: keep the one before it.
- *delete_expired*, *clean_airflow*: database or bucket was away. *Clear*; what is gone is not deleted twice.
"""


@dag(
    dag_id="housekeeping",
    schedule=settings().housekeeping_schedule,
    catchup=False,
    max_active_runs=1,
    tags=["tier:2", "housekeeping"],
    doc_md=DOC,
    default_args={"owner": "warehouse", **ANSWERED},
)
def housekeeping() -> None:
    """Nothing is deleted before the drill has passed."""

    @task(doc_md="Make room, or give the machine a larger disk. Then *clear*.")
    def check_disk() -> float:
        from hearth.disk import DiskNearlyFull, refuse_when_nearly_full

        try:
            return refuse_when_nearly_full()
        except DiskNearlyFull as full:  # a person makes room: waiting does not
            raise AirflowFailException(str(full)) from None

    @task(pool=BUILD_POOL, doc_md="The log has the words of pg_dump. Mend it, then *clear*.")
    def back_up() -> str:
        from hearth.backup import make

        return make().name

    @task(
        pool=BUILD_POOL,
        doc_md="The backup does not bring everything back; the log names what. Keep the one before, *clear* `back_up`.",
    )
    def drill() -> int:
        from hearth.backup import BackupError
        from hearth.backup import drill as restore_aside

        try:
            return restore_aside()
        except BackupError as problem:  # the same dump gives the same answer
            raise AirflowFailException(str(problem)) from None

    @task(doc_md="Database or bucket was away. *Clear*; what is gone is not deleted twice.")
    def delete_expired() -> int:
        from datetime import datetime

        from publishing.expiry import delete_expired as delete

        return len(delete(datetime.now(settings().zone).date()))

    @task(doc_md="Airflow's own database was away. *Clear*.")
    def clean_airflow() -> None:
        from hearth.services.airflow_database import clean

        clean()

    check_disk() >> back_up() >> drill() >> delete_expired() >> clean_airflow()


housekeeping_dag: DAG = housekeeping()
