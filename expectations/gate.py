"""The gate: every suite runs on the very tables that would be published, and nothing that did not pass leaves.

A check that errs, a suite that ran nothing, a core table that is empty: each is a failure (catalogue rule P-21 and the
rules of the suites). The decision and every result are in ``ops.gate_decision`` and ``ops.gate_result``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import structlog

from expectations.blast import blast_policy, preview
from expectations.checks import (
    CandidateTable,
    Connection,
    Subject,
    UnresolvableError,
    raw_counts_sql,
    read_candidate,
    read_published,
    resolve,
)
from expectations.engine import Outcome, keep_failing_rows, run_checks
from expectations.figures import hold
from expectations.record import ALL_RAN, forget, message_of, record
from expectations.report import Report
from expectations.suite import SUITES_DIR, Severity, Suite, load_suites
from expectations.verdict import GateVerdict
from expectations.waivers import Waiver, valid_waivers
from hearth.database import Role, connect
from hearth.rulebook import rules_digest

_JUDGEABLE = ("built", "passed", "blocked")
_log = structlog.get_logger()


class GateError(RuntimeError):
    """The gate could not judge the build at all; no decision was written. The message says what to do."""


def run_gate(
    build_id: int, *, suites_dir: Path = SUITES_DIR, keep_report: bool = False, patience: float = 60
) -> GateVerdict:
    """Judge the candidate of a build, write results and decision, set the build ``passed`` or ``blocked``.

    May run again on the same candidate: the newest judgement counts. ``keep_report`` leaves the data docs of Great
    Expectations in the bucket; a bucket that is away costs the report, never the verdict.

    Raises GateError when the build cannot be judged (not built, published already, or somebody locks a table for longer
    than ``patience`` seconds), SuiteError when a suite file is wrong, psycopg.OperationalError without a database.
    """
    started = time.monotonic()
    suites = load_suites(suites_dir)
    with _connected(patience) as connection:
        # Taken before anything is judged: rules that change meanwhile are found out by the switch.
        rules = rules_digest(connection)
        subject, obstacle = _subject(connection, build_id)
        _preview(connection, subject)
    checks = [check for suite in suites for check in resolve(suite, subject)]
    with _connected(patience) as connection:
        judged = run_checks(connection, checks)
    with _connected(patience) as connection:
        _alone(connection, build_id)
        forget(connection, build_id)
        outcomes = [_explain(connection, build_id, outcome) for outcome in judged.outcomes]
        waivers = valid_waivers(connection, subject.county_code, subject.period)
        outcomes = [_waive(outcome, waivers) for outcome in outcomes]
        faults = _faults(suites, outcomes, obstacle)
        faults += [f"{suite} 没有可检查的数据" for suite in judged.empty_suites]
        if _identity(read_candidate(connection, build_id)) != _identity(subject.tables):
            faults.append("候选表在检查期间被改动，请重新构建后再检查")
        verdict = _decide(build_id, outcomes, faults, started)
        record(connection, verdict, outcomes, faults, tables=_identity(subject.tables), rules=rules)
    if keep_report:
        _keep_report(verdict, subject, judged.report)
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


@contextmanager
def _connected(patience: float) -> Iterator[Connection]:
    """A connection that waits no longer than ``patience`` seconds for somebody else's lock."""
    try:
        with connect(Role.BUILDER, options=f"-c lock_timeout={int(patience * 1000)}") as connection:
            yield connection
    except psycopg.errors.LockNotAvailable:
        raise GateError(
            f"candidate or its ledger is locked by somebody else, for more than {patience:g} s; nothing was judged. "
            "See who in pg_stat_activity, and run the gate again"
        ) from None


def _alone(connection: Connection, build_id: int) -> None:
    """Two gates of one build write one after the other; the second one's verdict is the one that stays."""
    connection.execute("select from ops.build where build_id = %s for update", [build_id])


def _subject(connection: Connection, build_id: int) -> tuple[Subject, str | None]:
    """The subject, and why its raw counts cannot be had (the checks that need them fail then)."""
    _alone(connection, build_id)
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
    before, published = read_published(connection, county_code, period)
    subject = Subject(
        build_id, county_code, period, read_candidate(connection, build_id), raw_counts, before, published
    )
    return subject, obstacle


def _preview(connection: Connection, subject: Subject) -> None:
    """The blast radius; without one the check that asks for it (P-16) finds nothing, and blocks."""
    rules = blast_policy()
    table = subject.tables.get(rules.household_table)
    if table is None or rules.region_table not in subject.tables:
        return
    states = [name for name in table.columns if name.endswith(rules.state_suffix)]
    if subject.published:
        states = [name for name in states if name in subject.published.get(rules.household_table, frozenset())]
    hold(connection, subject.tables)
    try:
        with connection.transaction():
            preview(connection, subject.build_id, subject.county_code, subject.period, states)
    except psycopg.Error as error:
        _log.warning("no blast radius", build_id=subject.build_id, problem=type(error).__name__)


def _keep_report(verdict: GateVerdict, subject: Subject, report: Report) -> None:
    try:
        key = report.keep(subject.county_code, subject.period, subject.build_id)
        with connect(Role.BUILDER) as connection:
            connection.execute(
                "update ops.gate_decision set report_key = %s where build_id = %s", [key, verdict.build_id]
            )
    except Exception as error:  # noqa: BLE001 - whatever the report met, the verdict stands without it
        _log.warning(
            "no report of the gate", build_id=verdict.build_id, problem=f"{type(error).__name__}: {error}"[:300]
        )


def _identity(tables: Any) -> dict[str, int]:
    found: dict[str, CandidateTable] = dict(tables)
    return {name: table.oid for name, table in found.items()}


def _explain(connection: Connection, build_id: int, outcome: Outcome) -> Outcome:
    """Keep and count what failed. What failed in GX stays failed, also when our SQL finds no row."""
    if outcome.success or outcome.error is not None:
        return outcome
    try:
        count, keys = keep_failing_rows(connection, build_id, outcome.check)
    except psycopg.Error as error:
        return replace(outcome, error=f"counting failed: {type(error).__name__}")
    return replace(outcome, failing_count=count, keys=keys)


def _waive(outcome: Outcome, waivers: Sequence[Waiver]) -> Outcome:
    """Put the waiver beside a failure that may be waived. What erred did not judge and cannot be waived."""
    check = outcome.check
    if outcome.success or outcome.error is not None or check.meta.severity is not Severity.BLOCK_UNLESS_WAIVED:
        return outcome
    found = (waiver for waiver in waivers if waiver.covers(check.meta.rule_id, check.suite, check.check_id))
    return replace(outcome, waiver=next(found, None))


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
    if outcome.success or outcome.waiver is not None:
        return False
    return outcome.error is not None or outcome.check.meta.severity is not Severity.WARN


def _decide(build_id: int, outcomes: Sequence[Outcome], faults: Sequence[str], started: float) -> GateVerdict:
    blocking = [outcome for outcome in outcomes if _blocks(outcome)]
    waived = [outcome for outcome in outcomes if outcome.waiver is not None]
    warnings = sum(not outcome.success and outcome.waiver is None and not _blocks(outcome) for outcome in outcomes)
    passed = not blocking and not faults and bool(outcomes)
    if passed:
        texts = [f"{len(outcomes)} 项检查全部通过"] if not warnings and not waived else [f"通过，{warnings} 项提醒"]
        texts += sorted({item.waiver.text() for item in waived if item.waiver is not None})
        reason = "；".join(texts)
    else:
        texts = [f"{item.check.meta.rule_id} {message_of(item)}" for item in blocking]
        texts += [f"{ALL_RAN} {fault}" for fault in faults]
        more = f"；另有 {len(texts) - 5} 项" if len(texts) > 5 else ""
        reason = "；".join(texts[:5]) + more
    waivable = Severity.BLOCK_UNLESS_WAIVED
    return GateVerdict(
        build_id=build_id,
        verdict="pass" if passed else "block",
        expectations_run=sum(outcome.error is None for outcome in outcomes),
        failures=len(blocking) + bool(faults),
        warnings=warnings,
        waived=len(waived),
        waivable=sum(item.error is None and item.check.meta.severity is waivable for item in blocking),
        reason=reason,
        seconds=time.monotonic() - started,
    )
