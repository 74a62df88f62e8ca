"""The gate on a real candidate: passes a good one, blocks each planted fault with the rule that names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from expectations.gate import GateError, run_gate
from expectations.suite import SuiteError
from expectations.verdict import GateVerdict
from hearth.database import Role, connect

ID_SHAPED = "52009919850101123X"  # a shape only: no such person
SUITES = Path(__file__).parents[3] / "expectations" / "suites"


def plant(statement: str, role: Role = Role.BUILDER) -> None:
    with connect(role) as connection:
        connection.execute(statement)


def failed(build_id: int) -> dict[str, dict[str, Any]]:
    with connect(Role.OWNER) as connection:
        rows = connection.execute(
            "select suite || '.' || expectation, rule_id, severity, failing_count, observed, message "
            "from ops.gate_result where build_id = %s and not success",
            [build_id],
        ).fetchall()
    names = ("rule_id", "severity", "failing_count", "observed", "message")
    return {name: dict(zip(names, rest, strict=True)) for name, *rest in rows}


def state(build_id: int) -> tuple[str, str]:
    with connect(Role.OWNER) as connection:
        row = connection.execute(
            "select state, verdict from ops.build join ops.gate_decision using (build_id) where build_id = %s",
            [build_id],
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_a_good_candidate_passes(build: int) -> None:
    verdict = run_gate(build)
    assert failed(build) == {}
    assert verdict.passed
    assert (verdict.failures, verdict.warnings) == (0, 0)
    assert state(build) == ("passed", "pass")
    with connect(Role.OWNER) as connection:
        row = connection.execute("select count(*), count(distinct suite) from ops.gate_result").fetchone()
    # Two rows of the gate's own beside one per expectation of twelve suites.
    assert row == (verdict.expectations_run + 2, 13)
    assert verdict.expectations_run > 60


FAULTS = {
    "side shown more than its rule allows": (
        "update candidate.fct_contradiction_side set other_statement = '3' where side = 'a'",
        "contradictions.a_side_sees_what_the_rule_says",
        "P-18",
    ),
    "signal of a household that is not there": (
        "insert into candidate.fct_signal select household_key + 90000, county_code, period, signal_id, state,"
        " is_firing, opened_period, stamp from candidate.fct_signal",
        "outlook.signals_speak_of_active_households",
        "P-18",
    ),
    "household counted twice": (
        "update candidate.fct_household_month set household_no = '5305240000000002' where household_key = 7001",
        "integrity.household_once[fct_household_month]",
        "P-04",
    ),
    "active household missing": (
        "delete from candidate.fct_household_month where household_key = 7004",
        "integrity.core_view_is_the_universe[fct_household_month]",
        "P-04",
    ),
    "broken roll-up": (
        "update candidate.fct_guarantee_region_month set met = met - 1, unmet = unmet + 1 "
        "where level_code = 'township' and region_code = '530524100000' and guarantee = 'water'",
        "rollup.levels_equal_county[fct_guarantee_region_month]",
        "P-01",
    ),
    "archive that is not the sum of its registers": (
        "update candidate.fct_book_month set person_count = person_count + 1 where level_code = 'county'",
        "rollup.books_equal_archive[fct_book_month]",
        "P-01",
    ),
    "book that is not the sum of its registers": (
        "update candidate.fct_book_month set person_count = person_count + "
        "case region_code when '530524100201' then 1 else -1 end where region_code in ('530524100201', '530524101201')",
        "rollup.registers_equal_book[fct_book_month]",
        "P-01",
    ),
    "register that is not the sum of its cards": (
        "update candidate.fct_book_month set seven_met_count = seven_met_count + 1",
        "rollup.cards_equal_registers[fct_book_month]",
        "P-01",
    ),
    "unknown counted as met": (
        "update candidate.fct_guarantee_region_month set met = met + unknown, unknown = 0 where guarantee = 'medical'",
        "rollup.villages_equal_states[fct_guarantee_region_month]",
        "P-05",
    ),
    "summary state ignores an unknown": (
        "update candidate.fct_household_month set five_state = 'met' where household_key = 7003",
        "values.five_follows_its_parts[fct_household_month]",
        "P-05",
    ),
    "rate above one": (
        "update candidate.fct_guarantee_region_month set rate_max = 1.2 where guarantee = 'food'",
        "values.rate_within_bounds[fct_guarantee_region_month.rate_max]",
        "P-10",
    ),
    "identity number in a text column": (
        f"update candidate.fct_household_month set food_reason = '见{ID_SHAPED}户' where household_key = 7002",
        "privacy.no_identity_number[fct_household_month]",
        "P-13",
    ),
    "column of clear personal data": (
        "alter table candidate.fct_dibao add column head_name text",
        "privacy.no_personal_column",
        "P-13",
    ),
    "fact row without a household": (
        "delete from candidate.dim_household where household_key = 7005",
        "integrity.household_in_dimension[fct_household_month]",
        "P-18",
    ),
    "row of another month": (
        "update candidate.fct_dibao set period = '2026-09' where household_key = 7001",
        "integrity.one_period[fct_dibao]",
        "P-18",
    ),
    "empty core table": ("truncate candidate.dim_person", "volume.core_table_not_empty[dim_person]", "P-08"),
    "core table missing": ("drop table candidate.dim_person", "volume.core_table_not_empty[dim_person]", "P-08"),
    "staged rows lost": (
        "update candidate.fct_feed_reconciliation set staged_rows = staged_rows - 1 where feed_id = 'member'",
        "reconciliation.accepted_equals_staged[fct_feed_reconciliation]",
        "P-06",
    ),
    "links without a path": (
        "delete from candidate.fct_link_rate where feed_id = 'member'",
        "reconciliation.paths_add_up[fct_feed_reconciliation]",
        "P-06",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_blocks(build: int, fault: str) -> None:
    statement, expectation, rule_id = FAULTS[fault]
    plant(statement)
    verdict = run_gate(build)
    found = failed(build)
    assert expectation in found
    assert found[expectation]["rule_id"] == rule_id
    assert not verdict.passed
    assert state(build) == ("blocked", "block")
    assert rule_id in verdict.reason
    assert ID_SHAPED not in str(found)
    assert ID_SHAPED not in verdict.reason


def test_missing_raw_rows_block_and_are_counted(build: int) -> None:
    plant("delete from raw.demo__member where source_row <= 2", Role.OWNER)
    run_gate(build)
    found = failed(build)["reconciliation.raw_equals_ledger"]
    assert found["rule_id"] == "P-06"
    assert found["failing_count"] == 1
    assert found["observed"] == {"keys": [{"submission_id": "S-2026-10-member", "rows_accepted": 24, "raw_rows": 22}]}


@pytest.mark.parametrize("is_nil", [False, True])
def test_an_input_has_rows_or_is_a_nil_return(build: int, is_nil: bool) -> None:
    changes = f"rows_accepted = 0, rows_received = 0, is_nil_return = {is_nil}"
    plant(f"update ops.submission set {changes} where submission_id = 'S-2026-10-member'", Role.OWNER)
    run_gate(build)
    found = failed(build).get("reconciliation.no_input_without_rows")
    assert (None if found is None else found["rule_id"]) == (None if is_nil else "P-08")


def suites_with(folder: Path, name: str, text: str) -> Path:
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


ERRING = """
suite: erring
title_zh: 出错
expectations:
  - id: asks_a_missing_table
    expectation: unexpected_rows_expectation
    table: fct_dibao
    kwargs: {unexpected_rows_query: "select 1 from {batch} join candidate.nowhere using (household_key)"}
    meta: {rule_id: P-18, severity: warn, message_zh: 无, fix_zh: 无}
  - id: runs_well
    expectation: expect_column_values_to_not_be_null
    table: fct_dibao
    kwargs: {column: household_key}
    meta: {rule_id: P-18, severity: block, message_zh: 无, fix_zh: 无}
"""


def test_an_expectation_that_errs_blocks_even_as_a_warning(build: int, tmp_path: Path) -> None:
    verdict = run_gate(build, suites_dir=suites_with(tmp_path, "erring", ERRING))
    assert not verdict.passed
    assert set(failed(build)) == {"erring.asks_a_missing_table[fct_dibao]", "gate.every_check_ran"}
    assert failed(build)["gate.every_check_ran"]["rule_id"] == "P-21"
    assert verdict.expectations_run == 1


def test_a_glob_that_matches_nothing_blocks(build: int, tmp_path: Path) -> None:
    text = ERRING.replace("table: fct_dibao", 'table: "nothing_*"')
    assert not run_gate(build, suites_dir=suites_with(tmp_path, "erring", text)).passed


def test_a_warning_is_recorded_and_does_not_block(build: int, tmp_path: Path) -> None:
    plant("update candidate.fct_dibao set covered_count = null where household_key = 7001")
    text = ERRING.replace("join candidate.nowhere using (household_key)", "where covered_count is null")
    verdict = run_gate(build, suites_dir=suites_with(tmp_path, "erring", text))
    assert verdict == GateVerdict(build, "pass", 2, 0, 1, 0, 0, verdict.reason, verdict.seconds)
    assert failed(build)["erring.asks_a_missing_table[fct_dibao]"]["severity"] == "warn"


def test_a_build_without_inputs_is_blocked(build: int) -> None:
    plant("delete from ops.build_input", Role.OWNER)
    verdict = run_gate(build, suites_dir=SUITES)
    assert not verdict.passed
    assert failed(build)["gate.every_check_ran"]["rule_id"] == "P-21"


def test_no_suites_is_an_error_not_a_pass(build: int, tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="holds no suite"):
        run_gate(build, suites_dir=tmp_path)


@pytest.mark.parametrize("wrong_state", ["planned", "failed", "published"])
def test_a_build_that_is_not_built_is_refused(build: int, wrong_state: str) -> None:
    plant(f"update ops.build set state = '{wrong_state}'", Role.OWNER)
    with pytest.raises(GateError, match=wrong_state):
        run_gate(build)
