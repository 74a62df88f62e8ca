"""Scorecards: with each publication, how every department reported and what was waived, into its outbox."""

from __future__ import annotations

from airflow.sdk import DAG, Param, PartitionedAssetTimetable, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from dags.common import ANSWERED, SHARED, period_of
from hearth.settings import settings

DOC = """
### Scorecards

When readers see a month, 报送评分表.xlsx goes to the outbox of each department and of `county`: completeness,
timeliness, pass rate, open issues, trend of twelve months, waivers. The same figures: `select * from ops.scorecard`.
Receipts of files that were published by a waiver say so from then on.
预警推送.xlsx goes to the townships, the register office and whoever raised a signal.

**When it is red:** the database or the bucket was away. *Clear* it: the workbooks are written over. By hand: trigger
with `{"period": "2026-10"}`.
"""


@dag(
    dag_id="scorecards",
    schedule=PartitionedAssetTimetable(assets=SHARED),
    catchup=False,
    max_active_runs=1,
    tags=["tier:2", "scorecards"],
    doc_md=DOC,
    params={"period": Param(None, type=["null", "string"], description="YYYY-MM, for a run by hand")},
    default_args={"owner": "warehouse", **ANSWERED},
)
def scorecards() -> None:
    """One run a publication."""

    @task(doc_md="The database or the bucket was away. *Clear* it.")
    def send() -> list[str]:
        from hearth.period import Period
        from ingestion.calendar import calendar
        from publishing.scorecard import send as send_scorecards

        period = period_of(get_current_context())
        if period is None:
            raise AirflowFailException('no period: trigger with {"period": "YYYY-MM"}')
        calendar(settings().county_code, Period.parse(period))
        return send_scorecards(settings().county_code, period)

    @task(doc_md="The database or the bucket was away. *Clear* it.")
    def tell_waived() -> list[str]:
        from ingestion.waived import tell

        period = period_of(get_current_context())
        if period is None:
            raise AirflowFailException('no period: trigger with {"period": "YYYY-MM"}')
        return tell(settings().county_code, period)

    @task(doc_md="The database or the bucket was away. *Clear* it.")
    def push_signals() -> list[str]:
        from publishing.push_list import send as send_signals

        period = period_of(get_current_context())
        if period is None:
            raise AirflowFailException('no period: trigger with {"period": "YYYY-MM"}')
        return send_signals(settings().county_code, period)

    send() >> tell_waived()
    push_signals()


scorecards_dag: DAG = scorecards()
