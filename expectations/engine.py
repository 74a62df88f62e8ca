"""Great Expectations judges; the figures it judges by come from ``figures.py``; what failed is fetched with our SQL.

Left to itself, Great Expectations sends a statement or two for every expectation and each reads the table again. It
names the metrics an expectation needs, though, and judges by whatever metrics it is handed: these are counted here for
all expectations of a table at once.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from expectations.checks import Check, Connection
from expectations.figures import Figures, failing_sql, measure, short
from expectations.report import Report
from expectations.suite import EXPECTATIONS
from expectations.waivers import Waiver

KEYS_KEPT = 100
_FORMAT = "BOOLEAN_ONLY"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check said. ``error`` is set when it did not run to its end; it has not passed then."""

    check: Check
    success: bool
    error: str | None = None
    failing_count: int | None = None
    keys: tuple[Any, ...] = ()
    """The first KEYS_KEPT failing rows; all of them are in ``ops.gate_failing_row``."""
    waiver: Waiver | None = None
    """Who lets the failure through."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all checks said."""

    outcomes: list[Outcome]
    """One a check, in the order given."""
    report: Report
    """What Great Expectations answered, for its data docs."""
    empty_suites: list[str]
    """Suites of which no table and no query has a row: they judged nothing, whatever they answered."""


def run_checks(connection: Connection, checks: Sequence[Check]) -> Judgement:
    """Run every check once; an error in one never hides another. ``connection`` must not be in a transaction.

    Imports Great Expectations (seconds): call it in a task, not at import. Never raises for a check that errs.
    """
    measured = {
        (check.suite, check.check_id): figures
        for check, figures in measure(connection, [check for check in checks if check.problem is None])
    }
    outcomes = []
    answers: dict[str, list[Any]] = {}
    has_rows: dict[str, bool] = {}
    for check in checks:
        has_rows.setdefault(check.suite, False)
        if check.problem is not None:
            outcomes.append(Outcome(check, success=False, error=check.problem))
            continue
        figures = measured.get((check.suite, check.check_id), Figures(error="was not measured"))
        has_rows[check.suite] |= figures.error is None and figures.rows > 0
        success, error = False, figures.error
        if error is None:
            try:
                answer = _judge(check, figures)
            except Exception as problem:  # noqa: BLE001 - whatever it was, this check did not run: recorded as failed
                error = short(problem)
            else:
                success = bool(answer.success)
                answers.setdefault(check.suite, []).append(answer)
        outcomes.append(Outcome(check, success=success, error=error))
    return Judgement(outcomes, Report(answers), [suite for suite, found in has_rows.items() if not found])


def expectation(check: Check) -> Any:
    """The check as an object of Great Expectations."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx  # takes seconds, so only where a gate really runs

    made = getattr(gx.expectations, EXPECTATIONS[check.expectation][0])
    return made(**check.kwargs, meta={"suite": check.suite, "check_id": check.check_id})


def _judge(check: Check, figures: Figures) -> Any:
    """Hand Great Expectations the metrics it asks for. Raises LookupError for one that we do not count."""
    judging = expectation(check)
    asked = judging.get_validation_dependencies(runtime_configuration={"result_format": _FORMAT}).metric_configurations
    metrics = {metric.id: _metric(name, figures) for name, metric in asked.items()}
    return judging.metrics_validate(metrics, runtime_configuration={"result_format": _FORMAT})


def _metric(name: str, figures: Figures) -> Any:
    subject, _, measured = name.rpartition(".")
    if measured in ("row_count", "filtered_row_count"):
        return figures.failing if subject == "unexpected_rows_query" else figures.rows
    if measured == "unexpected_count":
        return figures.nulls if subject == "column_values.nonnull" else figures.failing
    if name == "unexpected_rows_query.table":
        return []  # only shown, and never here: values of rows stay out of the data docs
    raise LookupError(f"Great Expectations asks for [{name}], which is not counted")


def keep_failing_rows(connection: Connection, build_id: int, check: Check) -> tuple[int, tuple[Any, ...]]:
    """Keep every row (or key, or group) that fails ``check`` in ``ops.gate_failing_row``.

    Returns how many there are, and the first of them as objects. Raises psycopg.Error; nothing is kept then.
    """
    address = [build_id, check.suite, check.check_id]
    with connection.transaction():
        kept = connection.execute(
            sql.SQL(
                "insert into ops.gate_failing_row (build_id, suite, expectation, row_number, failing) "
                "select {}, {}, {}, row_number() over (), to_jsonb(failing) from ({}) as failing"
            ).format(*map(sql.Literal, address), sql.SQL(failing_sql(check)))
        ).rowcount
        shown = connection.execute(
            "select failing from ops.gate_failing_row where build_id = %s and suite = %s and expectation = %s "
            "and row_number <= %s order by row_number",
            [*address, KEYS_KEPT],
        ).fetchall()
    return kept, tuple(value for (value,) in shown)
