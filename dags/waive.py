"""The question to a person when only a waiver stands between a month and its publication."""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Param, PartitionedAssetTimetable, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from dags.common import ANSWERED, MONTH_READY, WAIVER_WANTED, mine, period_of
from hearth.settings import settings

DOC = """
### Waiver

When the gate blocks a month and nothing but a waiver could let it through, `approve` shows what failed and waits for a
person (*Required actions* in Airflow). Approved: a waiver for just these checks and this month is written with name,
reason and end, and the month is closed again. Rejected: nothing happens; readers keep what they have.

**When it is red:** name or reason was left empty (*trigger* with the period: it asks again), or the month was judged
again meanwhile; the new verdict asks anew. By hand: `hearth waive`.
"""


@dag(
    dag_id="waive",
    schedule=PartitionedAssetTimetable(assets=WAIVER_WANTED),
    catchup=False,
    max_active_runs=16,  # a month that waits for its person holds up no other
    tags=["tier:2", "waive"],
    doc_md=DOC,
    params={"period": Param(None, type=["null", "string"], description="YYYY-MM, for a run by hand")},
    default_args={"owner": "warehouse", **ANSWERED},
)
def waive() -> None:
    """One run a month that waits."""

    @task(doc_md="The database was away. *Clear* it.")
    def ask() -> dict[str, Any]:
        from dataclasses import asdict

        from expectations.approval import question

        period = period_of(get_current_context())
        found = question(settings().county_code, str(period))
        if found is None:
            raise AirflowSkipException(f"[{period}] does not wait for a waiver")
        return {**asdict(found), "text": found.text()}

    @task(outlets=[MONTH_READY], doc_md="The month was judged again meanwhile; the new verdict asks anew.")
    def grant(asked: dict[str, Any], answer: dict[str, Any]) -> list[int]:
        from expectations.approval import Question, approve
        from expectations.waivers import WaiverError

        given = answer["params_input"]
        shown = Question(asked["build_id"], asked["period"], tuple(tuple(check) for check in asked["checks"]))
        try:
            ids = approve(
                settings().county_code, shown, by=given["name"], reason=given["reason"], days=int(given["days"])
            )
        except WaiverError as error:
            raise AirflowFailException(str(error)) from None
        get_current_context()["outlet_events"][MONTH_READY].add_partitions(mine(shown.period))
        return ids

    asked = ask()
    approve = ApprovalOperator(
        task_id="approve",
        subject="发布检查未通过，是否豁免？",
        body="{{ ti.xcom_pull(task_ids='ask')['text'] }}",
        params={
            # Airflow checks defaults before it asks: a shortest length here and nobody is ever asked. An empty name or
            # reason is refused by `grant`.
            "name": Param("", type="string", title="姓名（必填）"),
            "reason": Param("", type="string", title="理由（必填，将随数据公布）"),
            "days": Param(31, type="integer", minimum=1, maximum=92, title="有效天数"),
        },
        execution_timeout=None,  # a person may take days
        doc_md="Nobody answered, or the answer was lost. *Clear* it: the question is asked again.",
    )
    asked >> approve
    grant(asked, approve.output)  # type: ignore[arg-type]  # TaskFlow resolves them


waive_dag: DAG = waive()
