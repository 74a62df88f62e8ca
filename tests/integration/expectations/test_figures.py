"""The figures counted in one scan are those that each expectation would have counted for itself."""

from __future__ import annotations

import os
from typing import Any

import pytest

from expectations.checks import Check, Subject, raw_counts_sql, read_candidate, resolve
from expectations.engine import expectation, run_checks
from expectations.figures import failing_sql, measure, row_condition
from expectations.suite import load_suites
from hearth.database import Role, connect, url
from tests.integration.expectations.candidate import COUNTY, PERIOD

FAULTS = (
    "update candidate.fct_household_month set household_no = '5305240000000002', food_source_period = null"
    " where household_key = 7001",
    "update candidate.fct_household_month set five_state = 'met', water_state = 'wet', food_reason = 'tel 13900000000'"
    " where household_key = 7003",
    "update candidate.fct_guarantee_region_month set rate_max = 1.2 where guarantee = 'food'",
    "update candidate.fct_dibao set period = '2026-09', county_code = '530525' where household_key = 7001",
    "update candidate.fct_feed_reconciliation set staged_rows = staged_rows - 1 where feed_id = 'member'",
    "update candidate.fct_household_month set seven_reason = 'a 520099198501011230 b' where household_key = 7005",
    "delete from candidate.dim_household where household_key = 7005",
    "truncate candidate.dim_person",
)


@pytest.fixture
def checks(build: int) -> list[Check]:
    """Every check of every suite, on a candidate with a fault of each kind."""
    with connect(Role.BUILDER) as connection:
        connection.execute("alter table candidate.fct_household_month add column seven_reason text")
        for fault in FAULTS:
            connection.execute(fault.encode())
    with connect(Role.BUILDER) as connection:
        subject = Subject(build, COUNTY, PERIOD, read_candidate(connection, build), raw_counts_sql(connection, build))
    return [check for suite in load_suites() for check in resolve(suite, subject) if check.problem is None]


def test_a_scan_counts_what_each_query_counts(checks: list[Check]) -> None:
    with connect(Role.BUILDER) as connection:
        figures = {check.check_id: found for check, found in measure(connection, checks)}
    scanned = [check for check in checks if check.table is not None and row_condition(check) not in {None, "false"}]
    queries = [check for check in scanned if check.expectation == "unexpected_rows_expectation"]
    assert len(queries) > 30, "most of what the suites ask of big tables is asked of rows"
    with connect(Role.BUILDER) as connection:
        for check in scanned:
            counted = connection.execute(
                f"select count(*) from ({failing_sql(check, counting=True)}) as failing".encode()
            ).fetchone()
            assert counted == (figures[check.check_id].failing,), check.check_id
    assert sum(figures[check.check_id].failing > 0 for check in queries) >= 4


def test_great_expectations_left_to_itself_says_the_same(checks: list[Check]) -> None:
    with connect(Role.BUILDER) as connection:
        outcomes = run_checks(connection, checks).outcomes
    ours = {(outcome.check.suite, outcome.check.check_id): outcome.success for outcome in outcomes}
    theirs = _alone(checks)
    assert {name for name in ours if ours[name] != theirs[name]} == set()
    assert 10 < sum(not success for success in ours.values()) < len(ours) / 2


def _alone(checks: list[Check]) -> dict[tuple[str, str], bool]:
    """Great Expectations with SQL of its own making, a batch a table or query."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    source = context.data_sources.add_postgres(
        "warehouse", connection_string=url(Role.BUILDER, driver="postgresql+psycopg2")
    )
    groups: dict[str, list[Check]] = {}
    for check in checks:
        groups.setdefault(check.asset_key, []).append(check)
    answers = {}
    try:
        for number, group in enumerate(groups.values()):
            first = group[0]
            asset = (
                source.add_query_asset(f"asset_{number}", query=first.query)
                if first.table is None
                else source.add_table_asset(f"asset_{number}", table_name=first.table, schema_name="candidate")
            )
            suite = gx.ExpectationSuite(name=f"suite_{number}", expectations=list(map(expectation, group)))
            batch = asset.add_batch_definition_whole_table("all_rows").get_batch()
            for result in batch.validate(suite, result_format="BOOLEAN_ONLY").results:
                meta = result.expectation_config.meta
                answers[meta["suite"], meta["check_id"]] = bool(result.success)
    finally:
        source.get_engine().dispose()
    return answers
