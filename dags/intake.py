"""Intake: one Airflow DAG a department, made from the contracts, and one for what no department owns.

Every ten minutes (setting ``HEARTH_INTAKE_SCHEDULE``) each looks into its folder of the inbox, takes every complete
file, and asks the ledger whether a month has become ready. A new contract folder is a new DAG.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.common import ANSWERED, INTAKE_POOL, MONTH_READY, RAW, mine
from hearth.settings import settings
from ingestion.contract import departments

DOC = """
### Files of [{department}] from the inbox into the warehouse

`discover` lists complete files; one `take` per file archives, checks, loads and answers it; `loaded` says which months
of the department have new rows; `announce` wakes the close of the oldest month that the ledger calls ready.

**When it is red:** a bad file never makes it red, it gets a rejected receipt. Red means that the database, the bucket
or the program failed. Mend that, then *clear* the failed task: taking a file twice changes nothing.
"""
_CLEAR = (
    "The database, the bucket or the program failed. Mend that, then *clear* this task; doing it twice is harmless."
)


def intake_dag(department: str | None, county: str) -> DAG:
    """The DAG of one department of a county; None: folders that no contract owns."""
    name = department or "unassigned"
    is_first = county == settings().counties[0]

    @dag(
        dag_id=f"intake__{name}" if is_first else f"intake__{county}__{name}",
        schedule=settings().intake_schedule,
        catchup=False,
        max_active_runs=1,
        tags=["tier:1", "intake", name],
        doc_md=DOC.format(department=name if is_first else f"{name} of {county}"),
        params={"county": Param(county, type="string", const=county)},
        default_args={"owner": name, **ANSWERED},
    )
    def intake() -> None:
        @task(doc_md=_CLEAR)
        def discover() -> list[str]:
            from ingestion.intake import discover as find

            return find(department)

        @task(map_index_template="{{ taken }}", max_active_tis_per_dag=2, pool=INTAKE_POOL, doc_md=_CLEAR)
        def take(inbox_key: str) -> dict[str, str | None]:
            from ingestion.intake import take as take_file

            context = get_current_context()
            context["taken"] = "/".join(inbox_key.split("/")[1:3])  # type: ignore[typeddict-unknown-key]  # ours
            receipt = take_file(inbox_key)
            context["taken"] = f"{receipt.feed or '?'} {receipt.period or '?'}"  # type: ignore[typeddict-unknown-key]
            return {"submission_id": receipt.submission_id, "period": receipt.period, "state": receipt.state}

        # A leaf that is upstream of nothing and fails with `take`: `announce` runs whatever happened.
        @task(
            outlets=[RAW[department]] if department else [], trigger_rule="none_failed_min_one_success", doc_md=_CLEAR
        )
        def loaded(receipts: list[dict[str, str | None]]) -> None:
            from ingestion.submission import LIVE

            periods = {receipt["period"] for receipt in receipts if receipt["state"] in LIVE}
            if not periods or department is None:
                raise AirflowSkipException("no row was accepted")
            get_current_context()["outlet_events"][RAW[department]].add_partitions(mine(*sorted(map(str, periods))))

        @task(outlets=[MONTH_READY], trigger_rule="all_done", doc_md=_CLEAR)
        def announce() -> None:
            from ingestion.ledger import ready_periods

            # The oldest alone: the close that it wakes wakes the next, so that months are closed in order.
            ready = ready_periods(settings().county_code)[:1]
            if not ready:
                raise AirflowSkipException("no month has become ready")
            get_current_context()["outlet_events"][MONTH_READY].add_partitions(mine(*ready))

        receipts = take.expand(inbox_key=discover())
        loaded(receipts)  # type: ignore[arg-type]  # TaskFlow resolves it
        receipts >> announce()

    return intake()


for _county in settings().counties:
    for _department in (*departments(), None):
        globals()[f"intake__{_county}__{_department or 'unassigned'}"] = intake_dag(_department, _county)
