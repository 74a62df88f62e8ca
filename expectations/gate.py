"""The gate: every suite runs on the very tables that would be published, and nothing that did not pass leaves.

A check that errs, a suite that ran nothing, a core table that is empty: each is a failure (catalogue rule P-21 and the
rules of the suites). The decision and every result are in ``ops.gate_decision`` and ``ops.gate_result``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import psycopg
import structlog
from psycopg.types.json import Jsonb

from expectations.checks import (
    CandidateTable,
    Check,
    Connection,
    Subject,
    UnresolvableError,
    raw_counts_sql,
    read_candidate,
    resolve,
)
from expectations.engine import Outcome, failing_rows, run_checks
from expectations.suite import SUITES_DIR, Severity, Suite, load_suites
from hearth.database import Role, connect

GATE_SUITE = "gate"
ALL_RAN = "P-21"
_JUDGEABLE = ("built", "passed", "blocked")
_log = structlog.get_logger()


class GateError(RuntimeError):
    """The gate could not judge the build at all; no decision was written. The message says what to do."""


class Blocked(RuntimeError):  # noqa: N818 - it is what the gate says, not a fault of it
    """The build did not pass. What is published stays; `ops.gate_result` names rule and count."""


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """What the gate decided about one build."""

    build_id: int
    verdict: Literal["pass", "block"]
    expectations_run: int
    failures: int
    """Failed expectations of severity gate."""
    warnings: int
    """Failed expectations of severity warning; they do not block."""
    reason: str
    seconds: float

    @property
    def passed(self) -> bool:
        return self.verdict == "pass"

    def raise_if_blocked(self) -> None:
        """Raise Blocked, with the reason, unless the build passed."""
        if not self.passed:
            raise Blocked(f"build [{self.build_id}] must not be published: {self.reason}; see ops.gate_result")


def run_gate(build_id: int, *, suites_dir: Path = SUITES_DIR) -> GateVerdict:
    """Judge the candidate of a build, write results and decision, set the build ``passed`` or ``blocked``.

    May run again on the same candidate: the newest judgement counts. Raises GateError when the build cannot be judged
    (not built, published already), SuiteError when a suite file is wrong, psycopg.OperationalError without a database.
    """
    started = time.monotonic()
    suites = load_suites(suites_dir)
    with connect(Role.BUILDER) as connection:
        subject, obstacle = _subject(connection, build_id)
    checks = [check for suite in suites for check in resolve(suite, subject)]
    outcomes = run_checks(checks)
    with connect(Role.BUILDER) as connection:
        outcomes = [_explain(connection, outcome) for outcome in outcomes]
        faults = _faults(suites, outcomes, obstacle)
        if _identity(read_candidate(connection)) != _identity(subject.tables):
            faults.append("候选表在检查期间被改动，请重新构建后再检查")
        verdict = _decide(build_id, outcomes, faults, started)
        _write(connection, subject, outcomes, faults, verdict)
    _log.info(
        "gate decided",
        build_id=build_id,
        verdict=verdict.verdict,
        expectations=verdict.expectations_run,
        failures=verdict.failures,
        warnings=verdict.warnings,
        seconds=round(verdict.seconds, 1),
    )
    return verdict


def _subject(connection: Connection, build_id: int) -> tuple[Subject, str | None]:
    """The subject, and why its raw counts cannot be had (the checks that need them fail then)."""
    row = connection.execute(
        "select county_code, period, state from ops.build where build_id = %s", [build_id]
    ).fetchone()
    if row is None:
        raise GateError(f"build [{build_id}] does not exist; plan one first")
    county_code, period, state = row
    if state not in _JUDGEABLE:
        raise GateError(f"build [{build_id}] is [{state}]; only a build in {list(_JUDGEABLE)} can be judged")
    obstacle = None
    try:
        raw_counts = raw_counts_sql(connection, build_id)
    except UnresolvableError as error:
        raw_counts, obstacle = "(select null::text as submission_id, null::bigint as raw_rows where false)", str(error)
    return Subject(build_id, county_code, period, read_candidate(connection), raw_counts), obstacle


def _identity(tables: Any) -> dict[str, int]:
    found: dict[str, CandidateTable] = dict(tables)
    return {name: table.oid for name, table in found.items()}


def _explain(connection: Connection, outcome: Outcome) -> Outcome:
    """Count what failed. An expectation that passed in GX but has failing rows by our SQL would not get here."""
    if outcome.success or outcome.error is not None:
        return outcome
    try:
        count, keys = failing_rows(connection, outcome.check)
    except psycopg.Error as error:
        return replace(outcome, error=f"counting failed: {type(error).__name__}")
    return replace(outcome, failing_count=count, keys=keys)


def _faults(suites: Sequence[Suite], outcomes: Sequence[Outcome], obstacle: str | None) -> list[str]:
    """Why the judgement itself is incomplete (P-21): every entry must have run and none may have erred."""
    faults = [] if obstacle is None else [f"构建没有输入：{obstacle}"]
    for suite in suites:
        ran = {outcome.check.check_id.partition("[")[0] for outcome in outcomes if outcome.check.suite == suite.name}
        faults += [f"{suite.name}.{entry.id} 没有运行" for entry in suite.entries if entry.id not in ran]
    faults += [
        f"{outcome.check.suite}.{outcome.check.check_id} 运行出错" for outcome in outcomes if outcome.error is not None
    ]
    return faults


def _blocks(outcome: Outcome) -> bool:
    return not outcome.success and (outcome.check.meta.severity is Severity.GATE or outcome.error is not None)


def _decide(build_id: int, outcomes: Sequence[Outcome], faults: Sequence[str], started: float) -> GateVerdict:
    blocking = [outcome for outcome in outcomes if _blocks(outcome)]
    warnings = sum(not outcome.success and not _blocks(outcome) for outcome in outcomes)
    passed = not blocking and not faults and bool(outcomes)
    if passed:
        reason = f"{len(outcomes)} 项检查全部通过" if not warnings else f"通过，{warnings} 项提醒"
    else:
        texts = [f"{item.check.meta.rule_id} {_message(item)}" for item in blocking]
        texts += [f"{ALL_RAN} {fault}" for fault in faults]
        more = f"；另有 {len(texts) - 5} 项" if len(texts) > 5 else ""
        reason = "；".join(texts[:5]) + more
    return GateVerdict(
        build_id=build_id,
        verdict="pass" if passed else "block",
        expectations_run=sum(outcome.error is None for outcome in outcomes),
        failures=len(blocking) + bool(faults),
        warnings=warnings,
        reason=reason,
        seconds=time.monotonic() - started,
    )


def _message(outcome: Outcome) -> str:
    check: Check = outcome.check
    if outcome.error is not None:
        return f"{check.suite}.{check.check_id} 运行出错：{outcome.error}"
    return "" if outcome.success else check.message(outcome.failing_count)


def _write(
    connection: Connection, subject: Subject, outcomes: Sequence[Outcome], faults: Sequence[str], verdict: GateVerdict
) -> None:
    rows: list[tuple[Any, ...]] = [
        (
            subject.build_id,
            outcome.check.suite,
            outcome.check.meta.rule_id,
            outcome.check.check_id,
            outcome.check.meta.severity.value,
            outcome.success,
            outcome.failing_count,
            Jsonb({"keys": list(outcome.keys)}) if outcome.keys else None,
            _message(outcome) or None,
        )
        for outcome in outcomes
    ]
    build = subject.build_id
    # The switch publishes these very tables and no others: it compares the oids.
    tables = Jsonb({"tables": _identity(subject.tables)})
    rows += [
        (build, GATE_SUITE, ALL_RAN, "candidate_identity", "gate", bool(subject.tables), None, tables, None),
        (
            build,
            GATE_SUITE,
            ALL_RAN,
            "every_check_ran",
            "gate",
            not faults,
            len(faults),
            None,
            "；".join(faults) or None,
        ),
    ]
    connection.execute("delete from ops.gate_result where build_id = %s", [build])
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.gate_result (build_id, suite, rule_id, expectation, severity, success, failing_count, "
            "observed, message) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            rows,
        )
    connection.execute(
        "insert into ops.gate_decision (build_id, verdict, expectations_run, failures, reason) "
        "values (%s, %s, %s, %s, %s) on conflict (build_id) do update set verdict = excluded.verdict, "
        "expectations_run = excluded.expectations_run, failures = excluded.failures, reason = excluded.reason, "
        "decided_at = now()",
        [build, verdict.verdict, verdict.expectations_run, verdict.failures, verdict.reason],
    )
    connection.execute(
        "update ops.build set state = %s where build_id = %s", ["passed" if verdict.passed else "blocked", build]
    )
