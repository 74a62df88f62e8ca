"""Write what the gate found to ``ops``: every result, the failing rows, the decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from expectations.checks import Connection
from expectations.engine import Outcome
from expectations.verdict import GateVerdict

GATE_SUITE = "gate"
ALL_RAN = "P-21"


def message_of(outcome: Outcome) -> str:
    """What is wrong and how to mend it, in Chinese; empty for a check that passed."""
    check = outcome.check
    if outcome.error is not None:
        return f"{check.suite}.{check.check_id} 运行出错：{outcome.error}"
    if outcome.success:
        return ""
    waiver = "" if outcome.waiver is None else f"【{outcome.waiver.text()}】"
    return check.message(outcome.failing_count) + waiver


def forget(connection: Connection, build_id: int) -> None:
    """Take away an earlier judgement of the build. Refused by the database once the build is published."""
    connection.execute("delete from ops.gate_result where build_id = %s", [build_id])
    connection.execute("delete from ops.gate_failing_row where build_id = %s", [build_id])


def record(
    connection: Connection,
    verdict: GateVerdict,
    outcomes: Sequence[Outcome],
    faults: Sequence[str],
    *,
    tables: Mapping[str, int],
    rules: str,
) -> None:
    """Write results and decision, and set the build passed or blocked. ``tables``: oid of each candidate table."""
    build = verdict.build_id
    rows: list[tuple[Any, ...]] = [
        (
            build,
            outcome.check.suite,
            outcome.check.meta.rule_id,
            outcome.check.check_id,
            outcome.check.meta.severity.value,
            outcome.success,
            outcome.failing_count,
            Jsonb({"keys": list(outcome.keys)}) if outcome.keys else None,
            message_of(outcome) or None,
            None if outcome.waiver is None else outcome.waiver.waiver_id,
        )
        for outcome in outcomes
    ]
    # The switch publishes these very tables and no others: it compares the oids.
    identity = (ALL_RAN, "candidate_identity", "block", bool(tables), None, Jsonb({"tables": dict(tables)}), None, None)
    ran = (ALL_RAN, "every_check_ran", "block", not faults, len(faults), None, "；".join(faults) or None, None)
    rows += [(build, GATE_SUITE, *row) for row in (identity, ran)]
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.gate_result (build_id, suite, rule_id, expectation, severity, success, failing_count, "
            "observed, message, waiver_id) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            rows,
        )
    connection.execute(
        "insert into ops.gate_decision (build_id, verdict, expectations_run, failures, reason, rules_digest, waived, "
        "waivable) values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict (build_id) do update set "
        "verdict = excluded.verdict, expectations_run = excluded.expectations_run, failures = excluded.failures, "
        "reason = excluded.reason, rules_digest = excluded.rules_digest, waived = excluded.waived, "
        "waivable = excluded.waivable, report_key = null, decided_at = now()",
        [
            build,
            verdict.verdict,
            verdict.expectations_run,
            verdict.failures,
            verdict.reason,
            rules,
            verdict.waived,
            verdict.waivable,
        ],
    )
    connection.execute(
        "update ops.build set state = %s where build_id = %s", ["passed" if verdict.passed else "blocked", build]
    )
