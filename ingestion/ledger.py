"""The submission ledger: who sent what when, and what became of it. Everything else about intake is a consequence.

``claimed`` on arrival; then a verdict (`ingestion.submission.State`). At most one submission of a feed and month is
live, which a unique index holds; what it replaces is ``superseded``, in one transaction. ``received_at``, ``version``
and the first arrival of a feed and month are written once: the loader's role may not update them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hearth.database import Role, connect
from ingestion import aside, drift_ledger
from ingestion.claims import ClaimLost, beat, hold, holder, release_hung, stuck
from ingestion.findings import TABLES, write_findings
from ingestion.load import Batch, write_batch
from ingestion.readiness import periods_past_cutoff, ready_periods, waiting_periods
from ingestion.submission import LIVE, WAITING, Merge, RowAddress, Slot, State, Submission, Verdict

__all__ = [  # asked of the ledger, answered next door
    "ClaimLost",
    "beat",
    "hold",
    "periods_past_cutoff",
    "ready_periods",
    "release_hung",
    "stuck",
    "waiting_periods",
]


_REJUDGED = ("F-03", "F-14", "F-18", "F-21")
"""Refusals that say nothing of the bytes: the same bytes may be right later, so they are judged anew."""
_COLUMNS: LiteralString = (
    "submission_id, county_code, department, feed, period, file_name, inbox_key, archive_key, sha256, byte_count,"
    " state, contract_version, rows_received, rows_accepted, rows_rejected, rows_excluded, warning_count,"
    " reason_rule_id, reason_message, reason_fix, notes, received_at, due_at, verdict_at, superseded_by, receipt_key,"
    " is_nil_return, is_test, version, parent_submission_id, reader_version, claimed_by, claimed_at, rejudged_of"
)
_OF_FEED: LiteralString = (
    "county_code = %(county_code)s and department is not distinct from %(department)s"
    " and feed is not distinct from %(feed)s and period is not distinct from %(period)s"
)
_IN_SLOT: LiteralString = _OF_FEED + " and is_test = %(is_test)s"
_IS_LIVE: LiteralString = "state in ('accepted', 'partially_accepted')"


def _slot_values(slot: Slot) -> dict[str, Any]:
    return {
        "county_code": slot.county_code,
        "department": slot.department,
        "feed": slot.feed,
        "period": slot.period,
        "is_test": slot.is_test,
    }


def _one(connection: psycopg.Connection[Any], condition: LiteralString, values: Mapping[str, Any]) -> Submission | None:
    with connection.cursor(row_factory=class_row(Submission)) as cursor:
        return cursor.execute(f"select {_COLUMNS} from ops.submission where {condition}", values).fetchone()


def find(submission_id: str) -> Submission:
    """The submission of that number. Raises LookupError when there is none."""
    with connect(Role.LOADER) as connection:
        found = _one(connection, "submission_id = %(id)s", {"id": submission_id})
    if found is None:
        raise LookupError(f"there is no submission [{submission_id}]; `hearth submissions` lists them")
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
    reader_version: str,
    due_at: datetime | None,
) -> Submission:
    """Enter the bytes in the ledger once; the same bytes for the same feed and month give the first entry back.

    What was kept back, a refusal that says nothing of the bytes, and a refusal by another version of contract or
    reader are opened again: state ``claimed``, results cleared, ``received_at`` and ``version`` untouched.
    """
    values = {
        **_slot_values(slot),
        "sha256": sha256,
        "byte_count": byte_count,
        "file_name": file_name,
        "inbox_key": inbox_key,
        "archive_key": archive_key,
        "contract_version": contract_version,
        "reader_version": reader_version,
        "due_at": due_at,
        "holder": holder(),
    }
    with connect(Role.LOADER) as connection:
        for digits in (8, 16, 64):  # a longer number if eight digits of another file are the same
            connection.execute(
                "insert into ops.submission (submission_id, county_code, department, feed, period, file_name,"
                " inbox_key, archive_key, sha256, byte_count, state, contract_version, reader_version, due_at, is_test,"
                " version)"
                " select %(id)s, %(county_code)s, %(department)s, %(feed)s, %(period)s, %(file_name)s, %(inbox_key)s,"
                " %(archive_key)s, %(sha256)s, %(byte_count)s, 'claimed', %(contract_version)s, %(reader_version)s,"
                " %(due_at)s, %(is_test)s, case when %(is_test)s then null else ("
                f" select coalesce(max(version), 0) + 1 from ops.submission where {_OF_FEED}) end"
                " on conflict do nothing",
                {**values, "id": f"{slot}-{sha256[:digits]}"},
            )
            # Of bytes that were judged anew, the last judgement speaks.
            newest: LiteralString = " order by version desc nulls last limit 1"
            entry = _one(connection, _IN_SLOT + " and sha256 = %(sha256)s" + newest, values)
            if entry is not None:
                break
        else:
            raise RuntimeError(f"no free submission number for [{slot}]; the ledger holds this hash under another slot")
        if _is_judged_anew(entry, contract_version, reader_version):
            _reopen(connection, entry)
        elif entry.state != State.CLAIMED:
            return entry
        connection.execute(
            "update ops.submission set contract_version = %(contract_version)s, reader_version = %(reader_version)s,"
            " claimed_by = %(holder)s, claimed_at = clock_timestamp() where submission_id = %(id)s",
            {**values, "id": entry.submission_id},
        )
    return find(entry.submission_id)


def _is_judged_anew(entry: Submission, contract_version: str | None, reader_version: str) -> bool:
    if entry.state in WAITING:
        return True
    return entry.state in (State.REJECTED, State.TEST_PASSED, State.TEST_FAILED) and (
        entry.reason_rule_id in _REJUDGED
        or entry.contract_version != contract_version
        or entry.reader_version != reader_version
    )


def _reopen(connection: psycopg.Connection[Any], entry: Submission) -> None:
    for table in (*TABLES, "ops.mended_row", "quarantine.row", "quarantine.aside", "quarantine.near_number"):
        connection.execute(f"delete from {table} where submission_id = %s".encode(), [entry.submission_id])
    connection.execute(
        "update ops.submission set state = 'claimed', rows_received = 0, rows_accepted = 0, rows_rejected = 0,"
        " rows_excluded = 0, warning_count = 0, reason_rule_id = null, reason_message = null, reason_fix = null,"
        " notes = '[]', is_nil_return = false, verdict_at = null, parent_submission_id = null where submission_id = %s",
        [entry.submission_id],
    )


def first_received_at(slot: Slot) -> datetime | None:
    """When the first usable submission of the feed and month arrived; a correction does not make it late (F-12)."""
    with connect(Role.LOADER) as connection:
        row = connection.execute(
            f"select received_at from ops.first_arrival where {_OF_FEED}", _slot_values(slot)
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

    Does nothing when the submission already has a verdict, so a repeated intake cannot double a row. Raises ClaimLost
    when another intake has claimed it since: of two, only the later one writes.
    """
    with connect(Role.LOADER) as connection:
        locked = connection.execute(
            "select state, claimed_by from ops.submission where submission_id = %s for update", [entry.submission_id]
        ).fetchone()
        if locked is None or locked[0] != State.CLAIMED:
            return
        if locked[1] != entry.claimed_by:
            raise ClaimLost(f"submission [{entry.submission_id}] was taken over by another intake")
        if batch is not None:
            write_batch(connection, batch)
            aside.write(connection, entry.submission_id, batch.aside)
        write_findings(connection, entry.submission_id, verdict)
        if verdict.drift is not None:
            drift_ledger.write(connection, entry.submission_id, verdict.drift, accepted=verdict.state in LIVE)
        if verdict.merge is not None:
            _write_merge(connection, entry.submission_id, verdict.merge)
        if verdict.state in LIVE:
            _supersede(connection, entry)
            connection.execute(
                "insert into ops.first_arrival (county_code, department, feed, period, received_at, submission_id)"
                " values (%(county_code)s, %(department)s, %(feed)s, %(period)s, %(received_at)s, %(id)s)"
                " on conflict do nothing",
                {**_slot_values(entry.slot), "received_at": entry.received_at, "id": entry.submission_id},
            )
        warnings = sum(finding.severity == "warning" for finding in verdict.findings)
        warnings += sum(note.severity == "warning" for note in verdict.notes)
        reason = verdict.reason
        connection.execute(
            "update ops.submission set state = %(state)s, rows_received = %(received)s, rows_accepted = %(accepted)s,"
            " rows_rejected = %(rejected)s, rows_excluded = %(excluded)s, warning_count = %(warnings)s,"
            " reason_rule_id = %(rule)s, reason_message = %(message)s, reason_fix = %(fix)s, notes = %(notes)s,"
            " is_nil_return = %(nil)s, parent_submission_id = %(parent)s, verdict_at = clock_timestamp(),"
            " claimed_by = null where submission_id = %(id)s",
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
                "parent": verdict.merge.base_id if verdict.merge else None,
            },
        )


def _write_merge(connection: psycopg.Connection[Any], submission_id: str, merge: Merge) -> None:
    """Note which rows the workbook speaks for, and take over what was said of the withdrawn ones."""
    with (
        connection.cursor() as cursor,
        cursor.copy("copy ops.mended_row (submission_id, source_sheet, source_row, action) from stdin") as copy,
    ):
        for action, addresses in (("mended", merge.mended), ("withdrawn", merge.withdrawn)):
            for sheet, row in sorted(addresses):
                copy.write_row((submission_id, sheet, row, action))
    withdrawn: LiteralString = (
        " where submission_id = %(base)s and (source_sheet, source_row) in ("
        " select source_sheet, source_row from ops.mended_row where submission_id = %(id)s and action = 'withdrawn')"
    )
    values = {"id": submission_id, "base": merge.base_id}
    connection.execute(
        "insert into ops.row_finding (submission_id, source_sheet, source_row, rule_id, severity, column_name)"
        " select %(id)s, source_sheet, source_row, rule_id, severity, column_name from ops.row_finding" + withdrawn,
        values,
    )
    connection.execute(  # the row itself stays sealed where it was refused first: its seal is bound to that number
        "insert into quarantine.row (submission_id, source_sheet, source_row, original, reasons)"
        " select %(id)s, source_sheet, source_row, original - 'sealed' - 'key_id' || jsonb_build_object('sealed_in',"
        " coalesce(original ->> 'sealed_in', submission_id)), reasons from quarantine.row" + withdrawn,
        values,
    )


def merge_of(entry: Submission) -> Merge | None:
    """What a recorded submission was merged onto; None for a whole file."""
    if entry.parent_submission_id is None:
        return None
    with connect(Role.LOADER) as connection:
        rows = connection.execute(
            "select action, source_sheet, source_row from ops.mended_row where submission_id = %s",
            [entry.submission_id],
        ).fetchall()
    spoken: dict[str, set[RowAddress]] = {"mended": set(), "withdrawn": set()}
    for action, sheet, row in rows:
        spoken[action].add((sheet, row))
    return Merge(entry.parent_submission_id, frozenset(spoken["mended"]), frozenset(spoken["withdrawn"]))


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


def live(slot: Slot) -> Submission | None:
    """The live submission of the feed and month, whoever asks: a trial run is compared with it too."""
    with connect(Role.LOADER) as connection:
        return _one(connection, f"{_IS_LIVE} and {_OF_FEED}", _slot_values(slot))


def live_before(slot: Slot) -> Submission | None:
    """The live submission of the feed in the newest earlier month that has one."""
    with connect(Role.LOADER) as connection:
        return _one(
            connection,
            f"{_IS_LIVE} and county_code = %(county_code)s and department = %(department)s and feed = %(feed)s"
            " and period < %(period)s order by period desc limit 1",
            _slot_values(slot),
        )


def volumes(slot: Slot, count: int, *, same_month: bool) -> tuple[int, ...]:
    """Accepted rows of the feed's live submissions of up to ``count`` earlier months, or of this month of earlier
    years; nil returns apart."""
    with connect(Role.LOADER) as connection:
        rows = connection.execute(
            f"select rows_accepted from ops.submission where {_IS_LIVE} and not is_nil_return"
            " and county_code = %(county_code)s and department = %(department)s and feed = %(feed)s"
            " and period < %(period)s and (not %(same_month)s or right(period, 2) = right(%(period)s, 2))"
            " order by period desc limit %(count)s",
            {**_slot_values(slot), "count": count, "same_month": same_month},
        ).fetchall()
    return tuple(accepted for (accepted,) in rows)


def same_bytes_elsewhere(entry: Submission) -> list[Submission]:
    """Submissions of the same bytes for another feed, month or sender that were taken, oldest first."""
    with connect(Role.LOADER) as connection, connection.cursor(row_factory=class_row(Submission)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} from ops.submission where sha256 = %(sha256)s and not ({_OF_FEED})"
            " and state in ('accepted', 'partially_accepted', 'superseded') order by received_at, submission_id",
            {**_slot_values(entry.slot), "sha256": entry.sha256},
        ).fetchall()


def confirm(submission_id: str, rule_id: str, *, by: str, reason: str) -> None:
    """Note that a person answers for what a rule held back. Raises ValueError when nothing waits for that."""
    entry = find(submission_id)
    if entry.state != State.AWAITING_CONFIRMATION or entry.reason_rule_id != rule_id:
        raise ValueError(f"[{submission_id}] is [{entry.state}] and does not wait for a confirmation of [{rule_id}]")
    if not by.strip() or not reason.strip():
        raise ValueError("a person answers by name and says why; give --by and --reason")
    with connect(Role.LOADER) as connection:
        connection.execute(
            "insert into ops.confirmation (submission_id, rule_id, confirmed_by, reason) values (%s, %s, %s, %s)",
            [submission_id, rule_id, by.strip(), reason.strip()],
        )


def confirmed_rules(submission_id: str) -> frozenset[str]:
    """Rule ids that a person has answered for."""
    with connect(Role.LOADER) as connection:
        rows = connection.execute(
            "select distinct rule_id from ops.confirmation where submission_id = %s", [submission_id]
        ).fetchall()
    return frozenset(rule_id for (rule_id,) in rows)


def set_receipt_key(submission_id: str, receipt_key: str) -> None:
    """Note where the receipt lies in the bucket."""
    with connect(Role.LOADER) as connection:
        connection.execute(
            "update ops.submission set receipt_key = %s where submission_id = %s", [receipt_key, submission_id]
        )


def submissions(
    *,
    department: str | None = None,
    period: str | None = None,
    states: Sequence[State] = (),
    newest_first: bool = True,
) -> list[Submission]:
    """Submissions of a department, a month and some states; what is not given does not narrow."""
    order: LiteralString = "desc" if newest_first else "asc"
    with connect(Role.LOADER) as connection, connection.cursor(row_factory=class_row(Submission)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} from ops.submission where (%(period)s::text is null or period = %(period)s)"
            " and (%(department)s::text is null or department = %(department)s)"
            " and (cardinality(%(states)s::text[]) = 0 or state = any(%(states)s))"
            f" order by received_at {order}, submission_id",
            {"period": period, "department": department, "states": [state.value for state in states]},
        ).fetchall()
