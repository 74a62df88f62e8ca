"""The close: builds a month from accepted submissions, lets the gate judge it, and publishes what passed."""

from __future__ import annotations

from airflow.sdk import DAG, Param, PartitionedAssetTimetable, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from dags.common import MONTH_READY, WAITING, WAIVER_WANTED
from hearth.dbt import LAYERS
from hearth.settings import settings

DOC = """
### Close of one month

`plan` pins the accepted submissions (nothing newer than the live publication: everything is skipped), one dbt run a
layer builds them into `candidate`, `gate` judges those very tables, `publish` switches them in, one transaction, `pack`
freezes a copy. If only a waiver could help, `ask_for_waiver` wakes the DAG `waive`, which asks a person.

**When it is red**
- a *build* task: a model or a dbt test failed; its log names it. Mend it, then *trigger* the DAG with the period.
- *gate*: the month must not be published. `ops.gate_result` has the rule and the count. Mend the data (a department
  sends again) or the model, then *trigger* with the period. Readers keep the month they had.
- *pack*: the bucket was away. *Clear* it; the month is published.
- *publish*: long readers held their locks. *Clear* it: it either happened or it did not.

By hand: trigger with `{"period": "2026-10"}`.

A department whose staging fails is left out and carried forward; `ops.build_left_out` says who and why.
"""


@dag(
    dag_id="close",
    schedule=PartitionedAssetTimetable(assets=MONTH_READY),
    catchup=False,
    max_active_runs=1,
    tags=["tier:1", "close"],
    doc_md=DOC,
    params={"period": Param(None, type=["null", "string"], description="YYYY-MM, for a run by hand")},
    default_args={"owner": "warehouse", **WAITING},
)
def close() -> None:
    """One run a ready month; runs queue, so two months never meet in `candidate`."""

    @task
    def plan() -> dict[str, str | int]:
        from publishing.plan import plan_build

        context = get_current_context()
        period = context["dag_run"].partition_key or context["params"]["period"]
        if period is None:
            raise ValueError('no period: trigger with {"period": "YYYY-MM"}')
        county = settings().county_code
        build_id = plan_build(county, period)
        if build_id is None:
            raise AirflowSkipException(f"[{period}] is published with exactly these submissions")
        return {"build_id": build_id, "county_code": county, "period": period}

    @task
    def build(layer: str, planned: dict[str, str | int]) -> None:
        from hearth.dbt import BuildFailed
        from publishing.left_out import build_without_who_fails
        from publishing.tables import PublicationError

        build_id, county, period = int(planned["build_id"]), str(planned["county_code"]), str(planned["period"])
        try:
            build_without_who_fails(layer, build_id=build_id, county_code=county, period=period)
        except (BuildFailed, PublicationError) as failure:  # the same inputs fail the same way: no retry
            raise AirflowFailException(str(failure)) from None

    @task(retries=0)  # a verdict: the same input gives the same answer, trying again only hides it
    def gate(planned: dict[str, str | int]) -> None:
        from expectations.gate import run_gate

        run_gate(int(planned["build_id"]), keep_report=True).raise_if_blocked()

    @task
    def publish(planned: dict[str, str | int]) -> int:
        from publishing.switch import publish as switch

        return switch(int(planned["build_id"]))

    @task
    def pack(publication_id: int) -> dict[str, str | int | None]:
        from publishing.pack import finish

        return finish(publication_id)

    @task(trigger_rule="one_failed", outlets=[WAIVER_WANTED])
    def ask_for_waiver(planned: dict[str, str | int]) -> None:
        from expectations.approval import question

        period = str(planned["period"])
        if question(str(planned["county_code"]), period) is None:
            raise AirflowSkipException(f"[{period}]: no waiver would help")
        get_current_context()["outlet_events"][WAIVER_WANTED].add_partitions([period])

    planned = plan()
    step = planned
    for layer in LAYERS:
        built = build.override(task_id=f"build_{layer}")(layer, planned)  # type: ignore[arg-type]  # TaskFlow resolves it
        step >> built
        step = built
    judged = gate(planned)  # type: ignore[arg-type]  # TaskFlow resolves it
    published = publish(planned)  # type: ignore[arg-type]  # likewise
    step >> judged >> published
    pack(published)  # type: ignore[arg-type]  # likewise
    judged >> ask_for_waiver(planned)  # type: ignore[arg-type]  # likewise


close_dag: DAG = close()
