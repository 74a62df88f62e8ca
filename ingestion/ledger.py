"""The submission ledger: who sent what when, and what became of it. Everything else about intake is a consequence.

States: ``claimed`` on arrival; then ``accepted``, ``partially_accepted`` or ``rejected``; a later accepted file of the
same feed and month turns an earlier one into ``superseded``. At most one submission of a feed and month is live, which
a unique index holds. ``received_at`` is written once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hearth.database import Role, connect
from ingestion import aside, drift_ledger
from ingestion.load import Batch, write_batch
from ingestion.readiness import periods_past_cutoff, ready_periods
from ingestion.submission import LIVE, RuleLine, Slot, State, Submission, Verdict

__all__ = ["periods_past_cutoff", "ready_periods"]  # asked of the ledger, answered next door


_REJUDGED = ("F-03", "F-14", "F-18")
"""Refusals that say nothing of the bytes: the same bytes may be right later, so they are judged anew."""


@contextmanager
def hold(slot: Slot) -> Iterator[None]:
    """Only one intake at a time works on one feed and month; others wait. Ends with the process, however it ends."""
    with connect(Role.LOADER, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [f"intake {slot}"])
        yield


_COLUMNS: LiteralString = (
    "submission_id, county_code, department, feed, period, file_name, inbox_key, archive_key, sha256, byte_count,"
    " state, contract_version, rows_received, rows_accepted, rows_rejected, rows_excluded, warning_count,"
    " reason_rule_id, reason_message, reason_fix, notes, received_at, due_at, verdict_at, superseded_by, receipt_key,"
    " is_nil_return"
)
_IN_SLOT: LiteralString = (
    "county_code = %(county_code)s and department is not distinct from %(department)s"
    " and feed is not distinct from %(feed)s and period is not distinct from %(period)s"
)


def _slot_values(slot: Slot) -> dict[str, Any]:
    return {
        "county_code": slot.county_code,
        "department": slot.department,
        "feed": slot.feed,
        "period": slot.period,
    }


def _one(connection: psycopg.Connection[Any], condition: LiteralString, values: Mapping[str, Any]) -> Submission | None:
    with connection.cursor(row_factory=class_row(Submission)) as cursor:
        return cursor.execute(f"select {_COLUMNS} from ops.submission where {condition}", values).fetchone()


def find(submission_id: str) -> Submission:
    """The submission of that number. Raises LookupError when there is none."""
    with connect(Role.LOADER) as connection:
        found = _one(connection, "submission_id = %(id)s", {"id": submission_id})
    if found is None:
        raise LookupError(f"there is no submission [{submission_id}]; `hearth receipts` lists them")
    return found


def find_by_key(inbox_key: str) -> Submission | None:
    """The newest submission that came in under this inbox key."""
    with connect(Role.LOADER) as connection:
        return _one(
            connection, "inbox_key = %(key)s order by received_at desc, submission_id limit 1", {"key": inbox_key}
        )


def claim(
    slot: Slot,
    *,
    sha256: str,
    byte_count: int,
    file_name: str,
    inbox_key: str,
    archive_key: str,
    contract_version: str | None,
    due_at: datetime | None,
) -> Submission:
    """Enter the bytes in the ledger once; the same bytes for the same feed and month give the first entry back.

    A refusal that says nothing of the bytes (F-03, F-14, F-18), or that another version of the contract gave, is opened
    again: state ``claimed``, results cleared, ``received_at`` untouched.
    """
    values = {
        **_slot_values(slot),
        "sha256": sha256,
        "byte_count": byte_count,
        "file_name": file_name,
        "inbox_key": inbox_key,
        "archive_key": archive_key,
        "contract_version": contract_version,
        "due_at": due_at,
    }
    with connect(Role.LOADER) as connection:
        for digits in (8, 16, 64):  # a longer number if eight digits of another file are the same
            connection.execute(
                "insert into ops.submission (submission_id, county_code, department, feed, period, file_name,"
                " inbox_key, archive_key, sha256, byte_count, state, contract_version, due_at)"
                " values (%(id)s, %(county_code)s, %(department)s, %(feed)s, %(period)s, %(file_name)s, %(inbox_key)s,"
                " %(archive_key)s, %(sha256)s, %(byte_count)s, 'claimed', %(contract_version)s, %(due_at)s)"
                " on conflict do nothing",
                {**values, "id": f"{slot}-{sha256[:digits]}"},
            )
            entry = _one(connection, _IN_SLOT + " and sha256 = %(sha256)s", values)
            if entry is not None:
                break
        else:
            raise RuntimeError(f"no free submission number for [{slot}]; the ledger holds this hash under another slot")
        if entry.state == State.REJECTED and (
            entry.reason_rule_id in _REJUDGED or entry.contract_version != contract_version
        ):
            return _reopen(connection, entry, contract_version)
        return entry


def _reopen(connection: psycopg.Connection[Any], entry: Submission, contract_version: str | None) -> Submission:
    values = {"id": entry.submission_id, "version": contract_version}
    for table in ("ops.rule_result", "ops.row_finding", "quarantine.row"):
        connection.execute(f"delete from {table} where submission_id = %(id)s", values)
    connection.execute(
        "update ops.submission set state = 'claimed', contract_version = %(version)s, rows_received = 0,"
        " rows_accepted = 0, rows_rejected = 0, rows_excluded = 0, warning_count = 0, reason_rule_id = null,"
        " reason_message = null, reason_fix = null, notes = '[]', is_nil_return = false, verdict_at = null"
        " where submission_id = %(id)s",
        values,
    )
    reopened = _one(connection, "submission_id = %(id)s", values)
    if reopened is None:
        raise RuntimeError(f"submission [{entry.submission_id}] vanished from the ledger while it was reopened")
    return reopened


def first_received_at(slot: Slot) -> datetime | None:
    """When the first usable submission of the feed and month arrived; a correction does not make it late (F-12)."""
    with connect(Role.LOADER) as connection:
        row = connection.execute(
            f"select min(received_at) from ops.submission where {_IN_SLOT}"
            " and state in ('accepted', 'partially_accepted', 'superseded')",
            _slot_values(slot),
        ).fetchone()
    return row[0] if row else None


def _supersede(connection: psycopg.Connection[Any], entry: Submission) -> None:
    connection.execute(
        "update ops.submission set state = 'superseded', superseded_by = %(id)s where submission_id <> %(id)s"
        f" and state in ('accepted', 'partially_accepted') and {_IN_SLOT}",
        {**_slot_values(entry.slot), "id": entry.submission_id},
    )


def record(entry: Submission, verdict: Verdict, batch: Batch | None) -> None:
    """Everything about one submission in one transaction: rows, quarantine, findings, counts, verdict, supersession.

    Does nothing when the submission already has a verdict, so a repeated intake cannot double a row.
    """
    with connect(Role.LOADER) as connection:
        locked = connection.execute(
            "select state from ops.submission where submission_id = %s for update", [entry.submission_id]
        ).fetchone()
        if locked is None or locked[0] != State.CLAIMED:
            return
        if batch is not None:
            write_batch(connection, batch)
            aside.write(connection, entry.submission_id, batch.aside)
        _write_findings(connection, entry.submission_id, verdict)
        if verdict.drift is not None:
            drift_ledger.write(connection, entry.submission_id, verdict.drift, accepted=verdict.state in LIVE)
        if verdict.state in LIVE:
            _supersede(connection, entry)
        warnings = sum(finding.severity == "warning" for finding in verdict.findings)
        warnings += sum(note.severity == "warning" for note in verdict.notes)
        reason = verdict.reason
        connection.execute(
            "update ops.submission set state = %(state)s, rows_received = %(received)s, rows_accepted = %(accepted)s,"
            " rows_rejected = %(rejected)s, rows_excluded = %(excluded)s, warning_count = %(warnings)s,"
            " reason_rule_id = %(rule)s, reason_message = %(message)s, reason_fix = %(fix)s, notes = %(notes)s,"
            " is_nil_return = %(nil)s, verdict_at = clock_timestamp() where submission_id = %(id)s",
            {
                "id": entry.submission_id,
                "state": verdict.state.value,
                "received": verdict.rows_received,
                "accepted": verdict.rows_accepted,
                "rejected": verdict.rows_rejected,
                "excluded": verdict.rows_excluded,
                "warnings": warnings,
                "rule": reason.rule_id if reason else None,
                "message": reason.message if reason else None,
                "nil": verdict.is_nil_return,
                "fix": reason.fix if reason else None,
                "notes": Jsonb([note.as_dict() for note in verdict.notes]),
            },
        )


def _write_findings(connection: psycopg.Connection[Any], submission_id: str, verdict: Verdict) -> None:
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


def reinstate(entry: Submission) -> Submission:
    """Make a superseded submission the live one again: its sender has sent the very same bytes once more.

    Its rows are still in raw. Whatever was live is superseded by it.
    """
    with connect(Role.LOADER) as connection:
        _supersede(connection, entry)
        rejected = "rows_rejected > 0"
        connection.execute(
            f"update ops.submission set state = case when {rejected} then 'partially_accepted' else 'accepted' end,"
            " superseded_by = null where submission_id = %s and state = 'superseded'",
            [entry.submission_id],
        )
    return find(entry.submission_id)


def live_received_at(slot: Slot) -> datetime | None:
    """When the live submission of the feed and month arrived; None when there is none."""
    with connect(Role.LOADER) as connection:
        row = connection.execute(
            f"select received_at from ops.submission where state in ('accepted', 'partially_accepted') and {_IN_SLOT}",
            _slot_values(slot),
        ).fetchone()
    return row[0] if row else None


def live_row_count(slot: Slot) -> int | None:
    """Data rows of the live submission of the feed and month; None when there is none."""
    with connect(Role.LOADER) as connection:
        row = connection.execute(
            "select rows_received from ops.submission"
            f" where state in ('accepted', 'partially_accepted') and {_IN_SLOT}",
            _slot_values(slot),
        ).fetchone()
    return row[0] if row else None


def set_receipt_key(submission_id: str, receipt_key: str) -> None:
    """Note where the receipt lies in the bucket."""
    with connect(Role.LOADER) as connection:
        connection.execute(
            "update ops.submission set receipt_key = %s where submission_id = %s", [receipt_key, submission_id]
        )


def submissions(period: str | None = None) -> list[Submission]:
    """Submissions, newest first; of one month if ``period`` is given."""
    with connect(Role.LOADER) as connection, connection.cursor(row_factory=class_row(Submission)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} from ops.submission where %(period)s::text is null or period = %(period)s"
            " order by received_at desc, submission_id",
            {"period": period},
        ).fetchall()


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
