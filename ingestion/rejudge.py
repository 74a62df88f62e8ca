"""Accepted files judged anew by the contract and the rules of today: nobody sends anything again.

The archived bytes are read as if they came now. Where the new verdict takes them in, it becomes a submission of its own
that supersedes the old one, with the old one's time of arrival; where it does not, nothing changes and the outcome says
so. A closed month waits for its reopening as any other change of it does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import structlog

from hearth.bucket import bucket
from hearth.database import Role, connect
from hearth.period import Period
from ingestion import findings, ledger, own_names
from ingestion.check import rule_lines
from ingestion.claims import holder
from ingestion.contract import Contract, contracts
from ingestion.intake import guarded, history_of, settle
from ingestion.judgement import Delivery, Judged, judge
from ingestion.receipt import issue
from ingestion.resubmission import merged_again
from ingestion.submission import LIVE, Note, RuleLine, Submission
from ingestion.versions import reader_version

_log = structlog.get_logger()
_AGAIN = re.compile(r"-r\d+$")


@dataclass(frozen=True, slots=True)
class Rejudged:
    """What a new judgement says of an accepted submission."""

    before: Submission
    contract_version: str
    state: str
    """Of the new verdict; empty if the bytes are no longer there."""
    rows_accepted: int = 0
    rows_rejected: int = 0
    reason: Note | None = None
    rules: Mapping[tuple[str, str], tuple[int, int]] | None = None
    """(rule, severity) -> rows before and now, where they differ."""
    made: str | None = None
    """The new submission; None where the old one stays."""

    @property
    def would_be_taken(self) -> bool:
        return self.state in LIVE


def to_judge(
    county_code: str, first: Period, last: Period, *, feed_id: str | None = None, everything: bool = False
) -> list[Submission]:
    """Live submissions of the months, oldest first, that another version of contract or reader judged, or all."""
    found = []
    for entry in ledger.submissions(states=LIVE, newest_first=False):
        if entry.county_code != county_code or entry.period is None:
            continue
        contract = contracts().get(f"{entry.department}.{entry.feed}")
        if contract is None or feed_id not in (None, contract.feed_id):
            continue
        month = Period.parse(entry.period)
        is_current = (entry.contract_version, entry.reader_version) == (contract.version_in(month), reader_version())
        if first <= month <= last and (everything or not is_current):
            found.append(entry)
    return sorted(found, key=lambda entry: (entry.period or "", entry.department or "", entry.feed or ""))


def rejudge(entry: Submission, *, by: str = "", reason: str = "", apply: bool = False) -> Rejudged:
    """Judge a live submission anew; ``apply`` takes the new verdict over where it takes the file in.

    Raises ValueError when nobody answers for it, or when the submission is not live; OSError, psycopg.OperationalError
    or IntakeFault when bucket, database or program fail.
    """
    if not apply:
        return _judged(entry)[0]
    if not by.strip() or not reason.strip():
        raise ValueError("a named person judges anew for a stated reason; give --by and --reason")
    with ledger.hold(entry.slot):
        entry = ledger.find(entry.submission_id)
        if entry.state not in LIVE:
            raise ValueError(f"submission [{entry.submission_id}] is [{entry.state}]: something newer has replaced it")
        outcome, judged = _judged(entry)
        made: Submission | None = None
        if judged is not None and outcome.would_be_taken:
            words = f"系统已按数据约定{outcome.contract_version}版重新检查此前收到的文件"
            notes = [Note("S-04", "info", words, "无需重报"), *judged.verdict.notes]
            judged = replace(judged, verdict=replace(judged.verdict, notes=notes))
            made = settle(_claim(entry, outcome.contract_version), judged)
        _note(outcome, made, by=by.strip(), reason=reason.strip())
        if made is None:
            return outcome
        number = made.submission_id
        called = own_names.file_name(
            bucket() / own_names.folder_key(entry.department, entry.period, entry.submission_id)
        )
        guarded(number, "receipt", lambda: issue(ledger.find(number), sent_as=called))
    _log.info("judged anew", submission_id=number, before=entry.submission_id, state=made.state)
    return replace(outcome, made=number)


def _claim(entry: Submission, contract_version: str) -> Submission:
    """Enter the bytes once more. The new entry came when the old one came: nothing about being in time changes.

    A process that dies after this leaves a claim that the next intake goes on with.
    """
    number = _number(entry)
    with connect(Role.LOADER) as connection:
        connection.execute(
            "insert into ops.submission (submission_id, county_code, department, feed, period, file_name, inbox_key,"
            " archive_key, sha256, byte_count, state, contract_version, reader_version, received_at, due_at, is_test,"
            " version, rejudged_of, claimed_by, claimed_at)"
            " select %(number)s, county_code, department, feed, period, file_name, inbox_key, archive_key, sha256,"
            " byte_count, 'claimed', %(contract_version)s, %(reader_version)s, received_at, due_at, is_test, ("
            " select max(version) + 1 from ops.submission as newest where (county_code, department, feed, period)"
            " = (entry.county_code, entry.department, entry.feed, entry.period)), submission_id, %(holder)s,"
            " clock_timestamp() from ops.submission as entry where submission_id = %(id)s",
            {
                "id": entry.submission_id,
                "number": number,
                "contract_version": contract_version,
                "reader_version": reader_version(),
                "holder": holder(),
            },
        )
    return ledger.find(number)


def _number(entry: Submission) -> str:
    """The old number with the count of judgements behind it."""
    root, _, count = entry.submission_id.rpartition("-r")
    return f"{root}-r{int(count) + 1}" if _AGAIN.search(entry.submission_id) else f"{entry.submission_id}-r2"


def _judged(entry: Submission) -> tuple[Rejudged, Judged | None]:
    contract = contracts()[f"{entry.department}.{entry.feed}"]
    period = Period.parse(entry.period or "")
    contract = contract.in_force(period)
    archived = bucket() / (entry.archive_key or "")
    if entry.archive_key is None or not archived.exists():
        return Rejudged(entry, contract.version, ""), None
    data = archived.read_bytes()
    judged = guarded(entry.submission_id, "judge", lambda: _judge(entry, contract, period, data))
    verdict = judged.verdict
    outcome = Rejudged(
        before=entry,
        contract_version=contract.version,
        state=verdict.state.value,
        rows_accepted=verdict.rows_accepted,
        rows_rejected=verdict.rows_rejected,
        reason=verdict.reason,
        rules=dict(_differences(findings.rule_lines(entry.submission_id), rule_lines(verdict.findings))),
    )
    return outcome, judged


def _judge(entry: Submission, contract: Contract, period: Period, data: bytes) -> Judged:
    delivery = Delivery(
        file_name=entry.file_name,
        contract=contract,
        period=period,
        county_code=entry.county_code,
        received_at=entry.received_at,
        due_at=entry.due_at,
        is_answer=entry.parent_submission_id is not None,
    )
    merging = None if entry.parent_submission_id is None else lambda _: merged_again(entry, contract, period)
    return judge(delivery, data, history_of(entry, contract), ledger.confirmed_rules(entry.submission_id), merging)


def _differences(before: list[RuleLine], now: list[RuleLine]) -> Iterator[tuple[tuple[str, str], tuple[int, int]]]:
    counts: dict[tuple[str, str], list[int]] = {}
    for place, lines in enumerate((before, now)):
        for line in lines:
            counts.setdefault((line.rule_id, line.severity), [0, 0])[place] = line.row_count
    yield from ((rule, (was, now)) for rule, (was, now) in sorted(counts.items()) if was != now)


def _note(outcome: Rejudged, made: Submission | None, *, by: str, reason: str) -> None:
    with connect(Role.LOADER) as connection:
        connection.execute(
            "insert into ops.rejudgement (submission_id, made_submission_id, contract_version, reader_version, state,"
            " reason_rule_id, rows_accepted, rows_rejected, judged_by, reason)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                outcome.before.submission_id,
                made.submission_id if made else None,
                outcome.contract_version,
                reader_version(),
                outcome.state or "no_file",
                outcome.reason.rule_id if outcome.reason else None,
                outcome.rows_accepted,
                outcome.rows_rejected,
                by,
                reason,
            ],
        )
