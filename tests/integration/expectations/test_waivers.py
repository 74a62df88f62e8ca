"""Failures that a person lets through, by name and until a day; failing rows kept whole; history; the report."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from expectations.approval import approve, question
from expectations.commands import app
from expectations.gate import run_gate
from expectations.verdict import Blocked
from expectations.waivers import WaiverError, all_waivers, grant_waiver, withdraw_waiver
from hearth.bucket import bucket
from hearth.database import Role, connect
from hearth.settings import settings
from tests.integration.expectations.candidate import COUNTY, HOUSEHOLDS, PERIOD

SUITE = """
suite: small
title_zh: 小
expectations:
  - id: nothing_covered
    expectation: unexpected_rows_expectation
    table: fct_household_month
    kwargs: {unexpected_rows_query: "select household_key from {batch}"}
    meta: {rule_id: P-16, severity: block_unless_waived, message_zh: "有 {n} 户", fix_zh: 核对}
"""


@pytest.fixture
def suites(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(SUITE, encoding="utf-8")
    return tmp_path


def soon() -> datetime:
    return datetime.now(settings().zone) + timedelta(days=1)


def waive(**changes: Any) -> int:
    given: dict[str, Any] = {"period": PERIOD, "reason": "实情", "given_by": "王某", "valid_until": soon(), **changes}
    return grant_waiver(given.pop("county", COUNTY), given.pop("rule_id", "P-16"), **given)


def rows(query: str) -> list[tuple[Any, ...]]:
    with connect(Role.OWNER) as connection:
        return connection.execute(query.encode()).fetchall()


def test_a_waiver_lets_through_what_it_names_until_it_ends(build: int, suites: Path) -> None:
    blocked = run_gate(build, suites_dir=suites, keep_report=True)
    assert blocked.can_be_waived
    with pytest.raises(Blocked, match="P-16 有 24 户"):
        blocked.raise_if_blocked()
    assert rows("select count(*), count(distinct failing ->> 'household_key') from ops.gate_failing_row") == [
        (HOUSEHOLDS, HOUSEHOLDS)
    ]
    ((key,),) = rows("select report_key from ops.gate_decision")
    page = (bucket() / key).read_text(encoding="utf-8")
    assert "small.html" in page
    assert "household_key" in (bucket() / key).parent.joinpath("small.html").read_text(encoding="utf-8")

    waive(rule_id="P-01"), waive(scope="other.*"), waive(period="2026-09"), waive(county="530599")
    assert not run_gate(build, suites_dir=suites).passed, "other rules, checks, months and counties"

    waiver_id = waive(scope="small.elsewhere*")
    grant_waiver(COUNTY, "P-16", scope="small.nothing_covered[fct_household_month]", period=None, reason="再次",
                 given_by="李某", valid_until=soon())  # fmt: skip
    passed = run_gate(build, suites_dir=suites)
    assert (passed.passed, passed.waived, passed.failures) == (True, 1, 0)
    assert "李某：再次" in passed.reason
    assert rows(f"select waiver_id > {waiver_id}, success from ops.gate_result where suite = 'small'") == [
        (True, False)
    ]
    withdraw_waiver(all_waivers(COUNTY)[0].waiver_id, reason="错给", withdrawn_by="李某")
    with pytest.raises(WaiverError, match="withdrawn already"):
        withdraw_waiver(all_waivers(COUNTY)[0].waiver_id, reason="错给", withdrawn_by="李某")
    assert not run_gate(build, suites_dir=suites).passed
    with connect(Role.OWNER) as connection:  # a waiver that has just ended
        connection.execute(
            "insert into ops.waiver (county_code, rule_id, reason, given_by, given_at, valid_until) "
            "values (%s, 'P-16', '旧', '王某', now() - interval '2 days', now() - interval '1 second')",
            [COUNTY],
        )
    assert not run_gate(build, suites_dir=suites).passed


def test_a_person_approves_what_was_shown_and_nothing_else(build: int, suites: Path) -> None:
    assert question(COUNTY, PERIOD) is None, "not judged yet"
    run_gate(build, suites_dir=suites)
    asked = question(COUNTY, PERIOD)
    assert asked is not None
    assert "**P-16** 有 24 户" in asked.text()
    assert asked.text().startswith(f"月份：**{PERIOD}**")
    with pytest.raises(WaiverError, match="judged again"):
        approve(COUNTY, replace(asked, checks=()), by="王某", reason="核对过", days=1)
    assert len(approve(COUNTY, asked, by="王某", reason="核对过", days=1)) == 1
    assert run_gate(build, suites_dir=suites).passed
    assert question(COUNTY, PERIOD) is None


@pytest.mark.parametrize("severity", ["block", "erring"])
def test_what_blocks_or_errs_cannot_be_waived(build: int, suites: Path, severity: str) -> None:
    text = SUITE.replace("block_unless_waived", "block")
    if severity == "erring":
        text = SUITE.replace("from {batch}", "from {batch} join candidate.nowhere using (household_key)")
    (suites / "small.yaml").write_text(text, encoding="utf-8")
    waive()
    verdict = run_gate(build, suites_dir=suites)
    assert not verdict.passed
    assert not verdict.can_be_waived


def test_a_suite_without_a_row_to_judge_blocks(build: int, suites: Path) -> None:
    with connect(Role.OWNER) as connection:
        connection.execute("truncate candidate.fct_household_month")
    verdict = run_gate(build, suites_dir=suites)
    assert not verdict.passed
    assert "P-21 small 没有可检查的数据" in verdict.reason


def test_the_history_says_how_a_check_moves(build: int, suites: Path) -> None:
    run_gate(build, suites_dir=suites)
    with connect(Role.OWNER) as connection:
        connection.execute(
            "with earlier as (insert into ops.build (county_code, period, state, code_version) "
            "values (%s, '2026-09', 'blocked', 'test') returning build_id) "
            "insert into ops.gate_result (build_id, suite, rule_id, expectation, severity, success, failing_count) "
            "select build_id, 'small', 'P-16', 'nothing_covered[fct_household_month]', 'block', false, 9 from earlier",
            [COUNTY],
        )
    assert rows("select period, failing_count, trend from ops.gate_history where suite = 'small' order by period") == [
        ("2026-09", 9, "new"),
        (PERIOD, HOUSEHOLDS, "worse"),
    ]


@pytest.mark.parametrize("change", ["update ops.waiver set reason = 'x'", "delete from ops.waiver"])
def test_a_waiver_is_never_rewritten_not_even_by_the_owner(build: int, change: str) -> None:
    waive()
    with connect(Role.OWNER) as connection, pytest.raises(psycopg.errors.RaiseException, match="is a ledger"):
        connection.execute(change.encode())


def test_waivers_from_the_command_line(build: int) -> None:
    run = CliRunner().invoke
    asked = ["waive", "P-16", "--by", "王某", "--reason", "核对过", "--period", PERIOD]
    assert run(app, [*asked, "--until", "2000-01-01"]).exit_code == 1
    assert run(app, [*asked, "--until", "soon"]).exit_code == 2
    assert run(app, ["waive", "X", *asked[2:], "--until", "2999-01-01"]).exit_code == 1
    good = run(app, [*asked, "--until", f"{soon():%Y-%m-%d}"])
    assert good.exit_code == 0, good.output
    assert "有效" in run(app, ["waivers"]).output
    assert run(app, ["unwaive", "1", "--by", "王某", "--reason", "错给"]).exit_code == 0
    assert "已撤回" in run(app, ["waivers"]).output
