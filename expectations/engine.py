"""Run checks with Great Expectations on Postgres, and fetch what failed with SQL of our own.

Great Expectations decides (result format BOOLEAN_ONLY); it lists at most 200 failing rows, so counts and keys are ours.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from expectations.checks import Check, Connection
from expectations.report import Report
from expectations.suite import EXPECTATIONS
from expectations.waivers import Waiver
from hearth.database import Role, url

KEYS_KEPT = 100
_SCHEMA = "candidate"


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


def run_checks(checks: Sequence[Check]) -> tuple[list[Outcome], Report]:
    """Run every check once, one batch a table or query; an error in one never hides another. Same order as given.
    The report holds what Great Expectations answered, for its data docs.

    Imports Great Expectations (seconds): call it in a task, not at import. Never raises for a check that errs.
    """
    runnable: dict[str, list[Check]] = {}
    for check in checks:
        if check.problem is None:
            runnable.setdefault(check.asset_key, []).append(check)
    raw: dict[str, list[Any]] = {}
    answers = _validate(list(runnable.values()), raw) if runnable else {}
    outcomes = []
    for check in checks:
        if check.problem is not None:
            outcomes.append(Outcome(check, success=False, error=check.problem))
            continue
        success, error = answers.get((check.suite, check.check_id), (False, "Great Expectations gave no answer"))
        outcomes.append(Outcome(check, success=success, error=error))
    return outcomes, Report(raw)


def _validate(groups: list[list[Check]], raw: dict[str, list[Any]]) -> dict[tuple[str, str], tuple[bool, str | None]]:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx  # takes seconds, so only where a gate really runs
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    source = context.data_sources.add_postgres(
        "warehouse", connection_string=url(Role.BUILDER, driver="postgresql+psycopg2")
    )
    answers: dict[tuple[str, str], tuple[bool, str | None]] = {}
    try:
        for number, group in enumerate(groups):
            try:
                answers.update(_validate_group(gx, source, number, group, raw))
            except Exception as error:  # noqa: BLE001 - whatever it was, these checks did not run: recorded as failed
                answers.update({(check.suite, check.check_id): (False, _short(error)) for check in group})
    finally:
        source.get_engine().dispose()
    return answers


def _validate_group(
    gx: Any, source: Any, number: int, group: list[Check], raw: dict[str, list[Any]]
) -> dict[tuple[str, str], tuple[bool, str | None]]:
    first = group[0]
    if first.table is not None:
        asset = source.add_table_asset(f"asset_{number}", table_name=first.table, schema_name=_SCHEMA)
    else:
        asset = source.add_query_asset(f"asset_{number}", query=first.query)
    batch = asset.add_batch_definition_whole_table("all_rows").get_batch()
    suite = gx.ExpectationSuite(
        name=f"suite_{number}",
        expectations=[
            getattr(gx.expectations, EXPECTATIONS[check.expectation][0])(
                **check.kwargs, meta={"suite": check.suite, "check_id": check.check_id}
            )
            for check in group
        ],
    )
    answers: dict[tuple[str, str], tuple[bool, str | None]] = {}
    for result in batch.validate(suite, result_format="BOOLEAN_ONLY").results:
        meta = result.expectation_config.meta
        error = _raised(result.exception_info)
        raw.setdefault(meta["suite"], []).append(result)
        answers[meta["suite"], meta["check_id"]] = (bool(result.success) and error is None, error)
    return answers


def _raised(info: Any) -> str | None:
    """The first exception in GX's two shapes of exception_info: flat, or one entry a metric."""
    if not info:
        return None
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if entry.get("raised_exception"):
            return str(entry.get("exception_message") or "raised without a message").splitlines()[0][:500]
    return None


def _short(error: Exception) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:500]


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


def empty_suites(connection: Connection, checks: Sequence[Check]) -> list[str]:
    """Suites of which no table and no query has a row: they judged nothing, whatever they answered.

    A query that errs counts as empty here; its check has failed already.
    """
    found: dict[str, bool] = {}
    relations: dict[str, bool] = {}
    for check in checks:
        found.setdefault(check.suite, False)
        if check.problem is not None or found[check.suite]:
            continue
        if check.asset_key not in relations:
            relations[check.asset_key] = _has_row(connection, relation_sql(check))
        found[check.suite] = relations[check.asset_key]
    return [suite for suite, has_rows in found.items() if not has_rows]


def _has_row(connection: Connection, relation: str) -> bool:
    try:
        with connection.transaction():
            row = connection.execute(sql.SQL("select exists (select from {})").format(sql.SQL(relation))).fetchone()
    except psycopg.Error:
        return False
    return row is not None and bool(row[0])


def relation_sql(check: Check) -> str:
    """What the check looks at, as it stands after FROM."""
    if check.table is not None:
        return sql.Identifier(_SCHEMA, check.table).as_string(None)
    return f"({check.query}) as subselect"


def failing_sql(check: Check) -> str:
    """The same condition as the expectation, as SQL that selects what fails. No clear personal data by construction."""
    relation = relation_sql(check)
    kwargs = check.kwargs
    if check.expectation == "unexpected_rows_expectation":
        return str(kwargs["unexpected_rows_query"]).format(batch=relation)
    if check.expectation == "expect_table_row_count_to_be_between":
        return f"select count(*) as row_count from {relation} having count(*) < {int(kwargs['min_value'])}"
    if check.expectation == "expect_compound_columns_to_be_unique":
        columns = ", ".join(sql.Identifier(name).as_string(None) for name in kwargs["column_list"])
        return f"select {columns}, count(*) as times from {relation} group by {columns} having count(*) > 1"
    column = sql.Identifier(kwargs["column"]).as_string(None)
    address = ", ".join(sql.Identifier(name).as_string(None) for name in check.primary_key) or "ctid::text as row"
    if check.expectation == "expect_column_values_to_not_be_null":
        return f"select {address} from {relation} where {column} is null"
    if check.expectation == "expect_column_values_to_be_in_set":
        allowed = ", ".join(sql.Literal(value).as_string(None) for value in kwargs["value_set"])
        return f"select {address} from {relation} where {column} not in ({allowed})"
    if check.expectation == "expect_column_values_to_be_between":
        low, high = (sql.Literal(kwargs[name]).as_string(None) for name in ("min_value", "max_value"))
        return f"select {address} from {relation} where {column} < {low} or {column} > {high}"
    raise NotImplementedError(f"no SQL for [{check.expectation}]")
