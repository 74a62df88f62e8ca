"""From the bytes of a claimed file to a verdict on it. Reads the ledger, writes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from hearth.period import Period
from hearth.settings import settings
from ingestion import ledger, reopening
from ingestion.checks import error_rows, run_checks, summarise_findings
from ingestion.contract import Contract
from ingestion.inbox import Address
from ingestion.load import Batch, build_batch
from ingestion.nil_return import check_nil_return, is_nil_return
from ingestion.quarantine import quarantine_rows
from ingestion.read import read_table, type_table
from ingestion.reference_data import parameters
from ingestion.resubmission import is_answer, merged
from ingestion.rules import catalogue
from ingestion.submission import LIVE, WAITING, Merge, Note, State, Submission, Verdict
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

    ``confirmed``: rule ids that a person has answered for; those ask no more. Only a verdict that takes the file
    adds rows to the warehouse; the faulty rows are kept whatever the verdict.
    """
    judged = _judge(entry, address, data, stated_sha256, confirmed)
    return _as_trial(judged) if entry.is_test else judged


def _as_trial(judged: Judged) -> Judged:
    """The verdict on a trial run: would it be taken? What it would wait for is told, and is no reason against it."""
    verdict = judged.verdict
    if verdict.state in WAITING and verdict.reason is not None:
        notes = (*verdict.notes, replace(verdict.reason, severity="warning"))
        verdict = replace(verdict, state=State.TEST_PASSED, reason=None, notes=notes)
    else:
        verdict = replace(verdict, state=State.TEST_PASSED if verdict.state in LIVE else State.TEST_FAILED)
    return Judged(verdict, judged.batch)


def _judge(
    entry: Submission, address: Address, data: bytes, stated_sha256: str | None, confirmed: frozenset[str]
) -> Judged:
    if address.problem is not None:
        return _refused(address.problem)
    contract = address.contract
    if contract is None or entry.period is None:
        raise ValueError(f"submission [{entry.submission_id}] has an address without contract or month")
    period = Period.parse(entry.period)
    if stated_sha256 is not None and stated_sha256 != entry.sha256:
        return _refused(_note("F-03", "error"))
    if period > Period.containing(entry.received_at.astimezone(settings().zone).date()):
        return _refused(_note("F-14", "error", f"报送月份{period}"))
    try:
        return _judge_content(entry, address, contract, data, confirmed)
    except FileProblem as problem:
        return _refused(Note(problem.rule_id, "error", problem.message, problem.fix))


def _judge_content(
    entry: Submission, address: Address, contract: Contract, data: bytes, confirmed: frozenset[str]
) -> Judged:
    period = Period.parse(entry.period or "")
    if is_nil_return(entry.file_name) and not address.is_answer:
        return _judge_nil(entry, contract, period, data, confirmed)
    raw = read_table(data, entry.file_name, contract, period)
    if not is_answer(raw):
        return _judge_rows(entry, raw, period, confirmed)
    whole = merged(raw, entry, contract, period)
    return _judge_rows(entry, whole.raw, period, confirmed, whole.merge)


def _held_back(
    entry: Submission, contract: Contract, count: int, confirmed: frozenset[str]
) -> tuple[State, Note] | None:
    """Why a sound file is not taken yet: a person has to answer for it (F-18), or its month is closed (F-13)."""
    if "F-18" not in confirmed and (note := _shrinkage(entry, contract, count)):
        return State.AWAITING_CONFIRMATION, note
    if reopening.must_wait(entry.slot, datetime.now(UTC), settings().reopening):
        return State.AWAITING_REOPENING, _note("F-13", "error", f"报送月份{entry.period}")
    return None


def _judge_nil(entry: Submission, contract: Contract, period: Period, data: bytes, confirmed: frozenset[str]) -> Judged:
    """A nil return: accepted with no rows, kept back, or refused as a whole."""
    in_force = parameters(period.last_day, entry.county_code)
    check_nil_return(data, entry.file_name, contract, period, int(in_force["header_scan_rows"]))
    held = _held_back(entry, contract, 0, confirmed)
    state, reason = held or (State.ACCEPTED, None)
    return Judged(Verdict(state, reason=reason, notes=[*_lateness(entry), *_seen_elsewhere(entry)], is_nil_return=True))


def _judge_rows(
    entry: Submission, raw: RawTable, period: Period, confirmed: frozenset[str], merge: Merge | None = None
) -> Judged:
    contract = raw.contract
    typed = type_table(raw, period, entry.county_code)
    raw = typed.raw
    withdrawn = len(merge.withdrawn) if merge else 0
    count = len(raw.rows) + withdrawn
    if not raw.rows:
        text = catalogue()["F-08"]
        raise FileProblem("F-08", text.message, text.fix)
    checks = run_checks(typed, period, parameters(period.last_day, entry.county_code))
    # Typing may pass on what reading found; one fault is said once.
    readings = tuple(dict.fromkeys((*raw.findings, *typed.findings)))
    findings = (*readings, *checks.findings)
    notes = [*_file_notes(raw, readings), *_lateness(entry), *_seen_elsewhere(entry)]
    results = (*summarise_findings(readings, count - withdrawn), *checks.results)
    faulty = error_rows(findings)
    rejected = sum((row.sheet, row.row) in faulty for row in raw.rows) + withdrawn
    quarantined = list(quarantine_rows(raw, findings))
    state = State.PARTIALLY_ACCEPTED if rejected else State.ACCEPTED
    reason = next((note for note in notes if note.severity == "error"), None)
    if reason is None and (rejected > contract.rejection_share * count or rejected == count):
        share = f"{rejected / count:.1%}，上限{contract.rejection_share:.0%}"
        reason = _note("F-17", "error", f"{count}行中有{rejected}行错误，占{share}")
    if reason is not None:
        state, rejected = State.REJECTED, count
    elif held := _held_back(entry, contract, count, confirmed):
        state, reason = held
    is_loaded = state in LIVE and not entry.is_test
    accepted = [i for i, row in enumerate(raw.rows) if (row.sheet, row.row) not in faulty] if is_loaded else []
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
        state=state,
        rows_received=count,
        rows_accepted=count - rejected,
        rows_rejected=rejected,
        rows_excluded=raw.excluded_count + raw.filtered_count,
        reason=reason,
        notes=[note for note in notes if note is not reason],
        findings=findings,
        results=results,
        merge=merge,
    )
    return Judged(verdict, batch)


def _shrinkage(entry: Submission, contract: Contract, count: int) -> Note | None:
    """F-18: far fewer rows than the live submission of the month, or, of a month's first file, than the month before.

    Events replace nothing and may be fewer. Small lists may lose a few rows from month to month.
    """
    if contract.semantics == "event" or entry.period is None:
        return None
    in_force = parameters(Period.parse(entry.period).last_day, entry.county_code)
    before, free, which = ledger.live(entry.slot), Decimal(0), "已接收的一份"
    if before is None:
        before, free = ledger.live_before(entry.slot), Decimal(in_force["shrink_rows_free"])
        which = f"{before.period}的一份" if before else ""
    if before is None:
        return None
    missing = before.rows_received - count
    if missing <= before.rows_received * Decimal(in_force["shrink_share"]) or missing <= free:
        return None
    text = catalogue()["F-18"]
    detail = f"{which}有{before.rows_received}行，这一份只有{count}行，少{missing}行"
    return Note("F-18", "error", f"{text.message}（{detail}）", text.fix)


def _seen_elsewhere(entry: Submission) -> list[Note]:
    """F-19 if the same bytes were taken for another feed or month; of another department nothing more is told."""
    if entry.department is None or entry.is_test:
        return []
    others = ledger.same_bytes_elsewhere(entry)
    own = [other for other in others if other.department == entry.department]
    if own:
        return [_note("F-19", "warning", f"{own[0].period}，回执号{own[0].submission_id}")]
    return [_note("F-19", "warning", "由另一单位报送")] if others else []


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
