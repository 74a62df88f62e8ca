"""The submission ledger: who sent what when, and what became of it. Everything else about intake is a consequence.

States: ``claimed`` on arrival; then ``accepted``, ``partially_accepted`` or ``rejected``; a later accepted file of the
same feed and month turns an earlier one into ``superseded``. At most one submission of a feed and month is live, which
a unique index holds. ``received_at`` is written once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hearth.database import Role, connect
from hearth.period import Period
from hearth.settings import settings
from ingestion.checks import RuleResult
from ingestion.contract import contracts
from ingestion.load import Batch, write_batch
from ingestion.table import Finding


class State(StrEnum):
    """What became of a submission, with the sentence and the next step that its sender reads."""

    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    PARTIALLY_ACCEPTED = "partially_accepted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"

    @property
    def verdict(self) -> str:
        return _SENTENCES[self][0]

    @property
    def next_step(self) -> str:
        return _SENTENCES[self][1]


_SENTENCES: Mapping[State, tuple[str, str]] = {
    State.CLAIMED: ("已收到文件，正在检查。", "请稍候，检查完成后本回执会更新。"),
    State.ACCEPTED: ("检查通过，已全部接收。", "无需处理。如有提示，请在下月报送前核实。"),
    State.PARTIALLY_ACCEPTED: (
        "合格的行已接收，有错误的行已退回。",
        "请按“需更正的行”在原表中改好，再把整份表（不要只报更正的行）重新报送。",
    ),
    State.REJECTED: (
        "整份表未接收；以前接收过的数据不受影响，继续有效。",
        "请按下面写明的问题和办法改好后，重新报送整份表。",
    ),
    State.SUPERSEDED: ("本次报送已被后来的报送替换。", "无需处理，以最新一次报送的回执为准。"),
}
LIVE = (State.ACCEPTED, State.PARTIALLY_ACCEPTED)

_REJUDGED = ("F-03", "F-14")
"""Refusals that say nothing of the bytes: the same bytes may be right later, so they are judged anew."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a submission belongs. None where the inbox folder did not say."""

    county_code: str
    department: str | None
    feed: str | None
    period: str | None

    def __str__(self) -> str:
        """Readable first part of a submission id."""
        feed = self.feed or "unassigned"
        name = f"{self.department}.{feed}" if self.department else feed
        return "-".join(part for part in (self.county_code, self.period, name) if part)


@dataclass(frozen=True, slots=True)
class Submission:
    """One row of ``ops.submission``, column by column."""

    submission_id: str
    county_code: str
    department: str | None
    feed: str | None
    period: str | None
    file_name: str
    inbox_key: str
    archive_key: str | None
    sha256: str
    byte_count: int
    state: str
    contract_version: str | None
    rows_received: int
    rows_accepted: int
    rows_rejected: int
    rows_excluded: int
    warning_count: int
    reason_rule_id: str | None
    reason_message: str | None
    reason_fix: str | None
    notes: list[dict[str, str]]
    received_at: datetime
    due_at: datetime | None
    verdict_at: datetime | None
    superseded_by: str | None
    receipt_key: str | None

    @property
    def slot(self) -> Slot:
        return Slot(self.county_code, self.department, self.feed, self.period)


@dataclass(frozen=True, slots=True)
class Note:
    """Something said of the file as a whole. No personal data."""

    rule_id: str
    severity: str
    message: str
    fix: str

    def as_dict(self) -> dict[str, str]:
        return {"rule_id": self.rule_id, "severity": self.severity, "message": self.message, "fix": self.fix}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What intake decided about one submission."""

    state: State
    rows_received: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    rows_excluded: int = 0
    reason: Note | None = None
    notes: Sequence[Note] = ()
    findings: Sequence[Finding] = ()
    results: Sequence[RuleResult] = ()


@contextmanager
def hold(slot: Slot) -> Iterator[None]:
    """Only one intake at a time works on one feed and month; others wait here. Ends with the process, however it ends."""
    with connect(Role.LOADER, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [f"intake {slot}"])
        yield


_COLUMNS: LiteralString = (
    "submission_id, county_code, department, feed, period, file_name, inbox_key, archive_key, sha256, byte_count,"
    " state, contract_version, rows_received, rows_accepted, rows_rejected, rows_excluded, warning_count,"
    " reason_rule_id, reason_message, reason_fix, notes, received_at, due_at, verdict_at, superseded_by, receipt_key"
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


def _one(
    connection: psycopg.Connection[Any], condition: LiteralString, values: Mapping[str, Any]
) -> Submission | None:
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

    A refusal that says nothing of the bytes (F-03, F-14), or that another version of the contract gave, is opened again: state
    ``claimed``, results cleared, ``received_at`` untouched.
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
        " reason_message = null, reason_fix = null, notes = '[]', verdict_at = null where submission_id = %(id)s",
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
        _write_findings(connection, entry.submission_id, verdict)
        if verdict.state in LIVE:
            _supersede(connection, entry)
        warnings = sum(finding.severity == "warning" for finding in verdict.findings)
        warnings += sum(note.severity == "warning" for note in verdict.notes)
        reason = verdict.reason
        connection.execute(
            "update ops.submission set state = %(state)s, rows_received = %(received)s, rows_accepted = %(accepted)s,"
            " rows_rejected = %(rejected)s, rows_excluded = %(excluded)s, warning_count = %(warnings)s,"
            " reason_rule_id = %(rule)s, reason_message = %(message)s, reason_fix = %(fix)s, notes = %(notes)s,"
            " verdict_at = clock_timestamp() where submission_id = %(id)s",
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
                "fix": reason.fix if reason else None,
                "notes": Jsonb([note.as_dict() for note in verdict.notes]),
            },
        )


def _write_findings(connection: psycopg.Connection[Any], submission_id: str, verdict: Verdict) -> None:
    lines = {
        (finding.sheet, finding.row, finding.rule_id, column): finding.severity
        for finding in verdict.findings
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
            "select received_at from ops.submission where state in ('accepted', 'partially_accepted')"
            f" and {_IN_SLOT}",
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
