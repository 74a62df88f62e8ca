"""The question to a person, through a real Airflow: what its page shows, and what the answer writes."""

from __future__ import annotations

import pytest

from hearth.database import Role, connect
from tests.end_to_end.conftest import Installation

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

MONTH = "2020-01"
"""Of this month nothing was ever received: the close that an approval wakes finds nothing to build."""


@pytest.fixture
def blocked(installation: Installation) -> int:
    """A build that only a waiver could let through."""
    county = installation.settings.county_code
    with connect(Role.OWNER) as connection:
        row = connection.execute(
            "insert into ops.build (county_code, period, state, code_version) values (%s, %s, 'blocked', 'test')"
            " returning build_id",
            [county, MONTH],
        ).fetchone()
        assert row is not None
        connection.execute(
            "insert into ops.gate_result (build_id, suite, rule_id, expectation, severity, success, message)"
            " values (%s, 'volume', 'P-16', 'near_history[fct_dibao]', 'block_unless_waived', false, '低保户数骤降')",
            [row[0]],
        )
        connection.execute(
            "insert into ops.gate_decision (build_id, verdict, expectations_run, failures, waivable, reason)"
            " values (%s, 'block', 1, 1, 1, 'test')",
            [row[0]],
        )
    return int(row[0])


def test_a_person_approves_in_airflow_and_the_waiver_is_written(installation: Installation, blocked: int) -> None:
    airflow = installation.airflow
    airflow.intake_dags()  # waits until the DAGs are there
    run_id = airflow.trigger("waive", {"period": MONTH})
    installation.wait_for(
        lambda: airflow.task_states("waive", run_id).get("approve"), {"awaiting_input", "up_for_retry", "failed"}
    )
    (asked,) = airflow.required_actions("waive", run_id)
    assert "低保户数骤降" in asked["body"]
    given = {"name": "张审核", "reason": "人口普查后核减", "days": 7}
    assert set(asked["params"]) == set(given)
    airflow.answer("waive", run_id, "approve", given, options=["Approve"])
    assert installation.end_of("waive", run_id) == "success", airflow.task_states("waive", run_id)
    waivers = installation.rows(
        "select rule_id, scope, period, reason, given_by, valid_until::date - given_at::date from ops.waiver"
    )
    assert waivers == [("P-16", "volume.near_history[fct_dibao]", MONTH, "人口普查后核减", "张审核", 7)]
    woken = [(event["source_dag_id"], event["partition_key"]) for event in airflow.asset_events()]
    assert ("waive", MONTH) in woken, "the close is woken to judge the month again"
