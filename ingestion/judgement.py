"""From the bytes of a file to a verdict on it. Pure: the same for intake and for the offline check.

No database, no secret, no clock: what the ledger knows comes in as `History`, and stays out where there is no ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from hearth.period import Period
from hearth.settings import settings
from ingestion import drift
from ingestion.checks import error_rows, run_checks, summarise_findings
from ingestion.contract import Contract
from ingestion.drift import Drift, Heading
from ingestion.nil_return import check_nil_return, is_nil_return
from ingestion.read import read_table, type_table
from ingestion.reference_data import parameters
from ingestion.rules import catalogue
from ingestion.submission import Note, State, Verdict
from ingestion.table import FileProblem, Finding, RawTable, TypedTable

NEEDS_LEDGER = ("F-12", "F-18")
"""Rules that compare with what was received before; without a `History` they are not judged."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is known of a file besides its bytes."""

    file_name: str
    contract: Contract
    period: Period
    county_code: str
    received_at: datetime
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What the ledger knows of the feed and month of a delivery."""

    live_rows: int | None
    """Data rows of the live submission; None without one."""
    first_received_at: datetime | None
    """When the first usable file arrived; None without one."""
    headings: tuple[Heading, ...] = ()
    """Columns of the feed's newest accepted file; empty without one."""
    contract_version: str | None = None
    """What that file was read by."""


@dataclass(frozen=True, slots=True)
class Content:
    """The rows of a file that could be read: typed, and which of them (positions) are taken in."""

    typed: TypedTable
    accepted: tuple[int, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, and the rows it speaks of (None when nothing of the file could be read)."""

    verdict: Verdict
    content: Content | None = None


def _note(rule_id: str, severity: str, detail: str = "") -> Note:
    """The catalogue's words, with what was found in brackets behind them."""
    text = catalogue()[rule_id]
    return Note(rule_id, severity, text.message + (f"（{detail}）" if detail else ""), text.fix)


def refused(reason: Note) -> Judged:
    """The file as a whole is sent back."""
    return Judged(Verdict(State.REJECTED, reason=reason))


def judge(delivery: Delivery, data: bytes, history: History | None, confirmed: frozenset[str] = frozenset()) -> Judged:
    """What is to become of the file. Never raises for what a sender did; raises for faults of program or contract.

    ``confirmed``: rule ids that a person has answered for; those ask no more.
    """
    if delivery.period > Period.containing(delivery.received_at.astimezone(settings().zone).date()):
        return refused(_note("F-14", "error", f"报送月份{delivery.period}"))
    try:
        if is_nil_return(delivery.file_name):
            return _judge_nil(delivery, data, history, confirmed)
        return _judge_rows(delivery, data, history, confirmed)
    except FileProblem as problem:
        judged = refused(Note(problem.rule_id, "error", problem.message, problem.fix))
        return replace(judged, verdict=replace(judged.verdict, drift=drift.of_refusal(problem, delivery.contract)))


def torn() -> Judged:
    """The bytes are not those that the side file promises (F-03)."""
    return refused(_note("F-03", "error"))


def _judge_nil(delivery: Delivery, data: bytes, history: History | None, confirmed: frozenset[str]) -> Judged:
    """A nil return: accepted with no rows, or refused as a whole."""
    in_force = parameters(delivery.period.last_day, delivery.county_code)
    header_rows = int(in_force["header_scan_rows"])
    check_nil_return(data, delivery.file_name, delivery.contract, delivery.period, header_rows)
    reason = None if "F-18" in confirmed else _shrinkage(delivery.contract, 0, history, in_force)
    if reason is not None:
        return refused(reason)
    return Judged(Verdict(State.ACCEPTED, notes=_lateness(delivery, history), is_nil_return=True))


def _judge_rows(delivery: Delivery, data: bytes, history: History | None, confirmed: frozenset[str]) -> Judged:
    contract, period = delivery.contract, delivery.period
    raw = read_table(data, delivery.file_name, contract, period)
    typed = type_table(raw, period, delivery.county_code)
    raw = typed.raw
    count = len(raw.rows)
    if count == 0:
        text = catalogue()["F-08"]
        raise FileProblem("F-08", text.message, text.fix)
    in_force = parameters(period.last_day, delivery.county_code)
    checks = run_checks(typed, period, in_force)
    # Typing may pass on what reading found; one fault is said once.
    readings = tuple(dict.fromkeys((*raw.findings, *typed.findings)))
    findings = (*readings, *checks.findings)
    headings = drift.headings(raw)
    before = (history.headings, history.contract_version) if history else ((), None)
    issues = drift.compare(contract, period, headings, *before)
    notes = [*_file_notes(raw, readings), *drift.notes(issues, raw), *_lateness(delivery, history)]
    results = (*summarise_findings(readings, count), *checks.results)
    faulty = error_rows(findings)
    reason = next((note for note in notes if note.severity == "error"), None)
    if reason is None and (len(faulty) > contract.rejection_share * count or len(faulty) == count):
        share = f"{len(faulty) / count:.1%}，上限{contract.rejection_share:.0%}"
        reason = _note("F-17", "error", f"{count}行中有{len(faulty)}行错误，占{share}")
    if reason is None and "F-18" not in confirmed:
        reason = _shrinkage(contract, count, history, in_force)
    accepted = [] if reason else [i for i, row in enumerate(raw.rows) if (row.sheet, row.row) not in faulty]
    sound = State.PARTIALLY_ACCEPTED if faulty else State.ACCEPTED
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
        drift=Drift(contract.owner, headings, issues),
    )
    return Judged(verdict, Content(typed, tuple(accepted), findings))


def _shrinkage(
    contract: Contract, count: int, history: History | None, in_force: Mapping[str, Decimal | str]
) -> Note | None:
    """F-18: a resend much shorter than what it would replace is most likely only the mended rows of it.

    Compared is the live submission of the same month; events replace nothing and may be fewer.
    """
    before = history.live_rows if history else None
    share = in_force["shrink_share"]
    if before is None or contract.semantics == "event" or not isinstance(share, Decimal):
        return None
    if count >= before * (1 - share):
        return None
    text = catalogue()["F-18"]
    return Note("F-18", "error", f"{text.message}（已接收的一份有{before}行，这一份只有{count}行）", text.fix)


def _file_notes(raw: RawTable, findings: Iterable[Finding]) -> list[Note]:
    """What reading said of the file as a whole, and what the table itself shows (S-15)."""
    notes = [
        Note(finding.rule_id, finding.severity, finding.message, finding.fix)
        for finding in findings
        if finding.row <= 0
    ]
    said = {note.rule_id for note in notes}
    if raw.excluded_count and "S-15" not in said:
        notes.append(_note("S-15", "info", f"{raw.excluded_count}行"))
    if raw.filtered_count:
        notes.append(
            Note("S-15", "info", f"有{raw.filtered_count}行属于同一文件中的另一张报表，本表未取用", "无需处理")
        )
    return notes


def _lateness(delivery: Delivery, history: History | None) -> list[Note]:
    """F-12 if the first usable file of this feed and month came after the due date."""
    if delivery.due_at is None or history is None:
        return []
    first = history.first_received_at
    arrived = min(first, delivery.received_at) if first else delivery.received_at
    if arrived <= delivery.due_at:
        return []
    due = delivery.due_at.astimezone(settings().zone)
    return [_note("F-12", "warning", f"截止时间{due:%Y-%m-%d %H:%M}")]
