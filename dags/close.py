"""The close: builds a month from accepted submissions, lets the gate judge it, and publishes what passed."""

from __future__ import annotations

from airflow.sdk import DAG, Param, PartitionedAssetTimetable, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from dags.common import ANSWERED, BUILD_POOL, MARTS, MONTH_READY, RAW, SHARED, WAIVER_WANTED, mine, period_of
from hearth.dbt import LAYERS
from hearth.settings import settings

DOC = """
### Close of one month

`plan` pins the accepted submissions (nothing newer than what is live: all is skipped), one dbt run a layer builds them
into `candidate`, `send_back` returns rows without a household, `gate` judges those very tables, `publish` switches them
in, `pack` freezes a copy. `ask_for_waiver` wakes the DAG `waive`, which asks a person; `wake_next` the next close.

**When it is red**
- a *build* task: a model or a dbt test failed; its log names it. Mend it, then *trigger* the DAG with the period.
- *gate*: the month must not be published. `ops.gate_result` has the rule and the count. Mend the data (a department
  sends again) or the model, then *trigger* with the period. Readers keep the month they had.
- *pack*: the bucket was away. *Clear* it; the month is published.
- *publish*: long readers held their locks. *Clear* it: it either happened or it did not.
By hand: trigger with `{"period": "2026-10"}` (of several counties, and `"county"`); `"rebuild": true` builds always.
A department whose staging fails is left out; `ops.build_left_out` says who and why.
"""


@task(trigger_rule="one_failed", outlets=[WAIVER_WANTED], doc_md="Database away: *clear* it, or `hearth waive`.")
def ask_for_waiver(planned: dict[str, str | int]) -> None:
    """Wake the DAG that asks a person, if a person could help."""
    from expectations.approval import question

    period = str(planned["period"])
    if question(str(planned["county_code"]), period) is None:
        raise AirflowSkipException(f"[{period}]: no waiver would help")
    get_current_context()["outlet_events"][WAIVER_WANTED].add_partitions(mine(period))


# Whatever the gate says: what the senders mend may be what it asks for.
@task(doc_md="The bucket or the database was away. *Clear* it; it writes each file once, over the older one.")
def send_back(planned: dict[str, str | int]) -> int:
    """Put the rows that found no household into their senders' outboxes; return the number of files."""
    from ingestion.unlinked_return import write_returns

    return len(write_returns(f"close of {planned['period']}"))


@task(doc_md="`ops.gate_result` has the rule. Mend data or model, then *trigger* with the period.")
def gate(planned: dict[str, str | int]) -> None:
    """Judge what was built."""
    from expectations.gate import run_gate
    from expectations.verdict import Blocked

    try:
        run_gate(int(planned["build_id"]), keep_report=True).raise_if_blocked()
    except Blocked as verdict:  # the same input gives the same answer; a gate that was killed gave none
        raise AirflowFailException(str(verdict)) from None


# It asks the ledger and builds nothing: no place of the pool.
@task(trigger_rule="all_done", outlets=[MONTH_READY], pool="default_pool", doc_md="The database was away. *Clear* it.")
def wake_next() -> None:
    """Wake the close of the next month with news; never of its own: what failed waits for a person."""
    from datetime import datetime

    from ingestion.ledger import waiting_periods

    period = period_of(get_current_context()) or ""
    waiting = waiting_periods(settings().county_code, datetime.now(settings().zone))
    later = [waits for waits in waiting if waits > period][:1]
    if not later:
        raise AirflowSkipException("no later month has news")
    get_current_context()["outlet_events"][MONTH_READY].add_partitions(mine(*later))


@dag(
    dag_id="close",
    schedule=PartitionedAssetTimetable(assets=MONTH_READY),
    catchup=False,
    max_active_runs=1,
    tags=["tier:1", "close"],
    doc_md=DOC,
    params={
        "period": Param(None, type=["null", "string"], description="YYYY-MM, for a run by hand"),
        "rebuild": Param(False, type="boolean", description="every table, also where nothing newer has come"),
    },
    default_args={"owner": "warehouse", "pool": BUILD_POOL, **ANSWERED},
)
def close() -> None:
    """One run a ready month; runs queue, so two months never meet in `candidate`."""

    @task(doc_md="The log says: database away, disk nearly full (make room), no month named. Mend it, then *clear*.")
    def plan() -> dict[str, str | int]:
        from hearth.disk import DiskNearlyFull, refuse_when_nearly_full
        from publishing.plan import plan_build

        try:
            refuse_when_nearly_full()
        except DiskNearlyFull as full:  # a person makes room: waiting does not
            raise AirflowFailException(str(full)) from None
        context = get_current_context()
        period = period_of(context)
        if period is None:
            raise AirflowFailException('no period: trigger with {"period": "YYYY-MM"}')
        county = settings().county_code
        build_id = plan_build(county, period, force=bool(context["params"].get("rebuild")))
        if build_id is None:
            raise AirflowSkipException(f"[{period}] is published with exactly these submissions")
        return {"build_id": build_id, "county_code": county, "period": period}

    @task(doc_md="A model or a dbt test failed; the log names it. Mend it, then *trigger* with the period.")
    def build(layer: str, planned: dict[str, str | int]) -> None:
        from hearth.dbt import BuildFailed
        from publishing.left_out import build_without_who_fails
        from publishing.tables import PublicationError

        build_id, county, period = int(planned["build_id"]), str(planned["county_code"]), str(planned["period"])
        try:
            build_without_who_fails(layer, build_id=build_id, county_code=county, period=period)
        except (BuildFailed, PublicationError) as failure:  # the same inputs fail the same way: no retry
            raise AirflowFailException(str(failure)) from None

    @task(
        inlets=[MONTH_READY, *RAW.values()],
        outlets=[MARTS, SHARED],
        doc_md="Long readers held their locks. *Clear* it: it either happened or it did not.",
    )
    def publish(planned: dict[str, str | int]) -> int:
        from publishing.switch import publish as switch

        publication_id = switch(int(planned["build_id"]))
        for published in (MARTS, SHARED):
            get_current_context()["outlet_events"][published].add_partitions(mine(str(planned["period"])))
        return publication_id

    @task(doc_md="The bucket was away. *Clear* it; the month is published.")
    def pack(publication_id: int) -> dict[str, str | int | None]:
        from publishing.pack import finish

        return finish(publication_id)

    planned = plan()
    step = planned
    for layer in LAYERS:
        built = build.override(task_id=f"build_{layer}")(layer, planned)  # type: ignore[arg-type]  # TaskFlow resolves it
        step >> built
        step = built
    judged = gate(planned)  # type: ignore[arg-type]  # TaskFlow resolves it
    published = publish(planned)  # type: ignore[arg-type]  # likewise
    step >> judged >> published
    step >> send_back(planned)  # type: ignore[arg-type]  # likewise
    published >> wake_next()
    pack(published)  # type: ignore[arg-type]  # likewise
    judged >> ask_for_waiver(planned)  # type: ignore[arg-type]  # likewise


close_dag: DAG = close()
