"""What the rules said of a submission, row by row, as the ledger keeps it: addresses and counts, no values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from hearth.database import Role, connect
from ingestion.submission import RuleLine, Verdict

TABLES = ("ops.rule_result", "ops.row_finding")


def write_findings(connection: psycopg.Connection[Any], submission_id: str, verdict: Verdict) -> None:
    """Findings by row and column, and the counts of each rule, in the transaction of the caller."""
    lines = {
        (finding.sheet, finding.row, finding.rule_id, column): finding.severity
        for finding in sorted(
            verdict.findings, key=lambda finding: finding.severity == "error"
        )  # errors have the last word
        if finding.row > 0
        for column in (finding.columns or ("",))
    }
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "copy ops.row_finding (submission_id, source_sheet, source_row, rule_id, column_name, severity) from stdin"
        ) as copy,
    ):
        for (sheet, row, rule_id, column), severity in lines.items():
            copy.write_row((submission_id, sheet, row, rule_id, column, severity))
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.rule_result (submission_id, rule_id, stage, severity, passed, failed, not_judged,"
            " not_applicable) values (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    submission_id,
                    result.rule_id,
                    result.stage,
                    result.severity,
                    result.passed,
                    result.failed,
                    result.not_judged,
                    result.not_applicable,
                )
                for result in verdict.results
            ],
        )


def rule_lines(submission_id: str) -> list[RuleLine]:
    """Each rule that found fault with rows of the submission, errors first, the most frequent first."""
    with connect(Role.LOADER) as connection:
        rows = connection.execute(
            "select rule_id, severity, count(distinct (source_sheet, source_row)) as row_count,"
            " array_agg(distinct column_name order by column_name) filter (where column_name <> '') as columns"
            " from ops.row_finding where submission_id = %s group by rule_id, severity"
            " order by severity = 'error' desc, severity = 'warning' desc, row_count desc, rule_id",
            [submission_id],
        ).fetchall()
    return [RuleLine(rule_id, severity, count, tuple(columns or ())) for rule_id, severity, count, columns in rows]


def warning_rows(submission_id: str) -> Iterator[tuple[str, int, str, tuple[str, ...]]]:
    """(sheet, row, rule id, columns) of every warning on a row, by sheet and row; read in portions."""
    with connect(Role.LOADER) as connection, connection.cursor(name="warning_rows") as cursor:
        cursor.execute(
            "select source_sheet, source_row, rule_id, array_agg(column_name order by column_name)"
            " from ops.row_finding where submission_id = %s and severity <> 'error'"
            " group by source_sheet, source_row, rule_id order by source_sheet, source_row, rule_id",
            [submission_id],
        )
        for sheet, row, rule_id, columns in cursor:
            yield sheet, row, rule_id, tuple(name for name in columns if name)
