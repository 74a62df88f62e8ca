"""From the bytes of a claimed file to a verdict on it. Reads the ledger, writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from hearth.period import Period
from hearth.settings import settings
from ingestion import ledger
from ingestion.checks import error_rows, run_checks, summarise_findings
from ingestion.columns import flags_at
from ingestion.contract import Contract
from ingestion.inbox import Address
from ingestion.load import Batch, build_batch
from ingestion.nil_return import check_nil_return, is_nil_return
from ingestion.quarantine import quarantine_rows
from ingestion.read import read_table, type_table
from ingestion.reference_data import parameters
from ingestion.rules import catalogue
from ingestion.submission import Note, State, Submission, Verdict
from ingestion.table import FileProblem, Finding, RawTable


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, and what it adds to the warehouse (None when nothing of the file could be read)."""

    verdict: Verdict
    batch: Batch | None = None


def _note(rule_id: str, severity: str, detail: str = "") -> Note:
    """The catalogue's words, with what was found in brackets behind them."""
    text = catalogue()[rule_id]
    return Note(rule_id, severity, text.message + (f"（{detail}）" if detail else ""), text.fix)


def _refused(reason: Note) -> Judged:
    return Judged(Verdict(State.REJECTED, reason=reason))


def judge(
    entry: Submission,
    address: Address,
    data: bytes,
    stated_sha256: str | None,
    confirmed: frozenset[str] = frozenset(),
) -> Judged:
    """What is to become of the file. Never raises for what a sender did; raises for faults of program or contract.

    ``confirmed``: rule ids that a person has answered for; those ask no more.
    """
    if address.problem is not None:
        return _refused(address.problem)
    contract = address.contract
    if contract is None or entry.period is None:
        raise ValueError(f"submission [{entry.submission_id}] has an address without contract or month")
    if stated_sha256 is not None and stated_sha256 != entry.sha256:
        return _refused(_note("F-03", "error"))
    period = Period.parse(entry.period)
    if period > Period.containing(entry.received_at.astimezone(settings().zone).date()):
        return _refused(_note("F-14", "error", f"报送月份{period}"))
    try:
        if is_nil_return(entry.file_name):
            return _judge_nil(entry, contract, period, data, confirmed)
        return _judge_rows(entry, contract, period, data, confirmed)
    except FileProblem as problem:
        return _refused(Note(problem.rule_id, "error", problem.message, problem.fix))


def _judge_nil(entry: Submission, contract: Contract, period: Period, data: bytes, confirmed: frozenset[str]) -> Judged:
    """A nil return: accepted with no rows, or refused as a whole."""
    in_force = parameters(period.last_day, entry.county_code)
    check_nil_return(data, entry.file_name, contract, period, int(in_force["header_scan_rows"]))
    reason = None if "F-18" in confirmed else _shrinkage(entry, contract, 0, in_force)
    if reason is not None:
        return _refused(reason)
    return Judged(Verdict(State.ACCEPTED, notes=_lateness(entry), is_nil_return=True))


def _judge_rows(
    entry: Submission, contract: Contract, period: Period, data: bytes, confirmed: frozenset[str]
) -> Judged:
    raw = read_table(data, entry.file_name, contract, period)
    typed = type_table(raw, period, entry.county_code)
    raw = typed.raw
    count = len(raw.rows)
    if count == 0:
        text = catalogue()["F-08"]
        raise FileProblem("F-08", text.message, text.fix)
    in_force = parameters(period.last_day, entry.county_code)
    checks = run_checks(typed, period, in_force)
    # Typing may pass on what reading found; one fault is said once.
    readings = tuple(dict.fromkeys((*raw.findings, *typed.findings)))
    findings = (*readings, *checks.findings)
    notes = [*_file_notes(raw, readings), *_lateness(entry)]
    results = (*summarise_findings(readings, count), *checks.results)
    faulty = error_rows(findings)
    quarantined = list(quarantine_rows(raw, findings))
    reason = next((note for note in notes if note.severity == "error"), None)
    if reason is None and (len(faulty) > contract.rejection_share * count or len(faulty) == count):
        share = f"{len(faulty) / count:.1%}，上限{contract.rejection_share:.0%}"
        reason = _note("F-17", "error", f"{count}行中有{len(faulty)}行错误，占{share}")
    if reason is None and "F-18" not in confirmed:
        reason = _shrinkage(entry, contract, count, in_force)
    accepted = [] if reason else np.flatnonzero(~flags_at(raw.rows, faulty)).tolist()
    sound = State.PARTIALLY_ACCEPTED if faulty else State.ACCEPTED
    batch = build_batch(
        typed,
        positions=accepted,
        quarantined=quarantined,
        submission_id=entry.submission_id,
        county_code=entry.county_code,
        period=str(period),
        source_file=entry.archive_key or entry.file_name,
    )
    verdict = Verdict(
        state=sound if reason is None else State.REJECTED,
        rows_received=count,
        rows_accepted=len(accepted),
        rows_rejected=count - len(accepted),
        rows_excluded=raw.excluded_count + raw.filtered_count,
        reason=reason,
        notes=[note for note in notes if note is not reason],
        findings=findings,
        results=results,
    )
    return Judged(verdict, batch)


def _shrinkage(entry: Submission, contract: Contract, count: int, in_force: Mapping[str, Decimal | str]) -> Note | None:
    """F-18: a resend much shorter than what it would replace is most likely only the mended rows of it.

    Compared is the live submission of the same month; events replace nothing and may be fewer.
    """
    before = ledger.live_row_count(entry.slot)
    share = in_force["shrink_share"]
    if before is None or contract.semantics == "event" or not isinstance(share, Decimal):
        return None
    if count >= before * (1 - share):
        return None
    text = catalogue()["F-18"]
    return Note("F-18", "error", f"{text.message}（已接收的一份有{before}行，这一份只有{count}行）", text.fix)


def _file_notes(raw: RawTable, findings: Iterable[Finding]) -> list[Note]:
    """What reading said of the file as a whole, and what the table itself shows (S-03, S-15)."""
    notes = [
        Note(finding.rule_id, finding.severity, finding.message, finding.fix)
        for finding in findings
        if finding.row <= 0
    ]
    said = {note.rule_id for note in notes}
    if raw.unknown_headers and "S-03" not in said:
        notes.append(_note("S-03", "info", "、".join(raw.unknown_headers)))
    if raw.excluded_count and "S-15" not in said:
        notes.append(_note("S-15", "info", f"{raw.excluded_count}行"))
    if raw.filtered_count:
        notes.append(
            Note("S-15", "info", f"有{raw.filtered_count}行属于同一文件中的另一张报表，本表未取用", "无需处理")
        )
    return notes


def _lateness(entry: Submission) -> list[Note]:
    """F-12 if the first usable file of this feed and month came after the due date."""
    if entry.due_at is None:
        return []
    first = ledger.first_received_at(entry.slot)
    arrived = min(first, entry.received_at) if first else entry.received_at
    if arrived <= entry.due_at:
        return []
    due = entry.due_at.astimezone(settings().zone)
    return [_note("F-12", "warning", f"截止时间{due:%Y-%m-%d %H:%M}")]
