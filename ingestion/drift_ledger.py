"""The drift of the feeds in the ledger: columns of accepted files, and issues from first seen to settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from hearth.database import Role, connect
from ingestion.drift import Drift, Heading
from ingestion.submission import Slot


def last_headings(slot: Slot) -> tuple[tuple[Heading, ...], str | None]:
    """Columns and contract version of the newest accepted file of the feed, of the same month or an earlier one."""
    with connect(Role.LOADER) as connection:
        row = connection.execute(
            "select s.submission_id, s.contract_version from ops.submission as s"
            " where s.county_code = %s and s.department = %s and s.feed = %s and s.period <= %s"
            " and s.state in ('accepted', 'partially_accepted', 'superseded')"
            " and exists (select from ops.submission_heading as h where h.submission_id = s.submission_id)"
            " order by s.period desc, s.received_at desc limit 1",
            [slot.county_code, slot.department, slot.feed, slot.period],
        ).fetchone()
        if row is None:
            return (), None
        found = connection.execute(
            "select position, header, column_name from ops.submission_heading where submission_id = %s"
            " order by position",
            [row[0]],
        ).fetchall()
    return tuple(Heading(*line) for line in found), row[1]


def write(connection: psycopg.Connection[Any], submission_id: str, drift: Drift, *, accepted: bool) -> None:
    """Enter the drift of one submission, in the transaction of its verdict.

    An issue seen again is dated, and opened again if evidence had closed it; one that a person settled stays so. After
    an accepted file, open issues of the feed that it does not show are settled.
    """
    connection.execute("delete from ops.submission_heading where submission_id = %s", [submission_id])
    with connection.cursor() as cursor:
        if accepted:
            cursor.executemany(
                "insert into ops.submission_heading (submission_id, position, header, column_name)"
                " values (%s, %s, %s, %s)",
                [(submission_id, entry.position, entry.header, entry.column) for entry in drift.headings],
            )
        cursor.executemany(
            "insert into ops.schema_issue as known (county_code, department, feed, kind, column_name, header,"
            " suggestion, owner, first_submission_id, last_submission_id)"
            " select county_code, department, feed, %s, %s, %s, %s, %s, submission_id, submission_id"
            " from ops.submission where submission_id = %s"
            " on conflict (county_code, department, feed, kind, column_name, header) do update set"
            " suggestion = excluded.suggestion, owner = excluded.owner, last_seen = excluded.last_seen,"
            " last_submission_id = excluded.last_submission_id, seen_count = known.seen_count + 1,"
            " state = case when known.settled_by = 'evidence' then 'open' else known.state end,"
            " settled_by = case when known.settled_by = 'evidence' then null else known.settled_by end",
            [
                (issue.kind.value, issue.column, issue.header, issue.suggestion, drift.owner, submission_id)
                for issue in drift.issues
            ],
        )
    if accepted:
        connection.execute(
            "update ops.schema_issue as known set state = 'settled', settled_by = 'evidence', settled_at = now()"
            " from ops.submission as s where s.submission_id = %(id)s and known.state = 'open'"
            " and (known.county_code, known.department, known.feed) = (s.county_code, s.department, s.feed)"
            " and known.last_submission_id <> %(id)s",
            {"id": submission_id},
        )


@dataclass(frozen=True, slots=True)
class OpenIssue:
    """One line of `hearth drift`."""

    issue_id: int
    feed_id: str
    owner: str
    kind: str
    column_name: str
    header: str
    suggestion: str
    first_seen: datetime
    last_seen: datetime
    seen_count: int
    state: str


def listed(*, settled: bool = False) -> list[OpenIssue]:
    """Open issues, by feed; with those settled if asked."""
    with connect(Role.LOADER) as connection:
        rows = connection.execute(
            "select issue_id, department || '.' || feed, owner, kind, column_name, header, suggestion, first_seen,"
            " last_seen, seen_count, state from ops.schema_issue where state = 'open' or %s"
            " order by department, feed, kind, issue_id",
            [settled],
        ).fetchall()
    return [OpenIssue(*row) for row in rows]


def settle(issue_id: int, note: str) -> None:
    """A person has dealt with the issue; it does not open again. Raises LookupError if there is no such open issue."""
    with connect(Role.LOADER) as connection:
        done = connection.execute(
            "update ops.schema_issue set state = 'settled', settled_by = 'person', settled_at = now(),"
            " settled_note = %s where issue_id = %s and state = 'open' returning issue_id",
            [note, issue_id],
        ).fetchone()
    if done is None:
        raise LookupError(f"there is no open issue [{issue_id}]; `hearth drift` lists them")
