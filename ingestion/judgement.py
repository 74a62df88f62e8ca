"""From the bytes of a file to a verdict on it. Pure: the same for intake and for the offline check.

No database, no secret, no clock: what the ledger knows comes in as `History`, and stays out where there is no ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

import numpy as np

from hearth.period import Period
from hearth.settings import settings
from ingestion import drift
from ingestion.checks import error_rows, run_checks, summarise_findings
from ingestion.columns import flags_at
from ingestion.contract import Contract
from ingestion.drift import Drift, Heading
from ingestion.marks import is_answer
from ingestion.nil_return import check_nil_return, is_nil_return
from ingestion.read import read_table, type_table
from ingestion.reader.known import Known, restore_known
from ingestion.reference_data import parameters
from ingestion.remarks import fill_rates, note, unusual_volume, without_waived
from ingestion.rules import catalogue
from ingestion.submission import LIVE, WAITING, Merge, Merged, Note, State, Verdict
from ingestion.table import FileProblem, Finding, RawTable, TypedTable

NEEDS_LEDGER = ("F-12", "F-13", "F-18", "F-19", "F-20", "F-21", "F-22", "T-02")
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
    is_trial: bool = False
    """Judged, answered, never taken."""
    is_answer: bool = False
    """A return workbook that says by itself what it answers, whatever its name."""


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
    earlier: tuple[str, int] | None = None
    """Month and data rows of the live submission of the newest earlier month; None without one."""
    volumes: tuple[int, ...] = ()
    """Accepted rows of the live submissions of earlier months with which this month may be compared."""
    waived_households: frozenset[str] = frozenset()
    """Households whose placeholder numbers are not asked about in this month."""
    is_closed: bool = False
    """The month was published with this feed, and nobody has opened it again."""
    seen_as: str | None = None
    """Where the same bytes were taken before, as far as the sender may know; None if nowhere."""
    known: Known | None = None
    """Tells numbers that were received before; without it, any number stored as a number is refused (S-05)."""


@dataclass(frozen=True, slots=True)
class Content:
    """The rows of a file that could be read: typed, and which of them (positions) are taken in: none of a file that is
    refused, kept back or a trial run."""

    typed: TypedTable
    accepted: tuple[int, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, and the rows it speaks of (None when nothing of the file could be read)."""

    verdict: Verdict
    content: Content | None = None
    sheet_names: Mapping[str, str] = field(default_factory=dict)
    """Of sheets that go by their place: what their sender calls them."""


def refused(reason: Note) -> Judged:
    """The file as a whole is sent back."""
    return Judged(Verdict(State.REJECTED, reason=reason))


Merging = Callable[[RawTable], Merged]
"""Makes the whole file of a mended return workbook. Raises FileProblem F-20, F-21, F-22."""


def judge(
    delivery: Delivery,
    data: bytes,
    history: History | None,
    confirmed: frozenset[str] = frozenset(),
    merging: Merging | None = None,
) -> Judged:
    """What is to become of the file. Never raises for what a sender did; raises for faults of program or contract.

    ``confirmed``: rule ids that a person has answered for; those ask no more. Without ``merging`` the rows of a return
    workbook are judged by themselves.
    """
    judged = _judge(delivery, data, history, confirmed, merging)
    return _as_trial(judged) if delivery.is_trial else judged


def _as_trial(judged: Judged) -> Judged:
    """The verdict on a trial run: would it be taken? What it would wait for is told, and is no reason against it."""
    verdict = replace(judged.verdict, drift=None)
    if verdict.state in WAITING and verdict.reason is not None:
        notes = (*verdict.notes, replace(verdict.reason, severity="warning"))
        verdict = replace(verdict, state=State.TEST_PASSED, reason=None, notes=notes)
    else:
        verdict = replace(verdict, state=State.TEST_PASSED if verdict.state in LIVE else State.TEST_FAILED)
    content = replace(judged.content, accepted=()) if judged.content else None
    return replace(judged, verdict=verdict, content=content)


def _judge(
    delivery: Delivery, data: bytes, history: History | None, confirmed: frozenset[str], merging: Merging | None
) -> Judged:
    if delivery.period > Period.containing(delivery.received_at.astimezone(settings().zone).date()):
        return refused(note("F-14", "error", f"报送月份{delivery.period}"))
    try:
        if is_nil_return(delivery.file_name) and not delivery.is_answer:
            return _judge_nil(delivery, data, history, confirmed)
        raw = read_table(data, delivery.file_name, delivery.contract, delivery.period)
        if merging is None or not is_answer(raw):
            return _judge_rows(delivery, raw, history, confirmed)
        whole = merging(raw)
        return _judge_rows(delivery, whole.raw, history, confirmed, whole.merge)
    except FileProblem as problem:
        judged = refused(Note(problem.rule_id, "error", problem.message, problem.fix))
        verdict = replace(judged.verdict, drift=drift.of_refusal(problem, delivery.contract))
        return Judged(verdict, sheet_names=problem.sheet_names)


def _held_back(
    delivery: Delivery, count: int, history: History | None, confirmed: frozenset[str]
) -> tuple[State, Note] | None:
    """Why a sound file is not taken yet: a person has to answer for it (F-18), or its month is closed (F-13)."""
    if "F-18" not in confirmed and (shrunk := _shrinkage(delivery, count, history)):
        return State.AWAITING_CONFIRMATION, shrunk
    if history is not None and history.is_closed:
        return State.AWAITING_REOPENING, note("F-13", "error", f"报送月份{delivery.period}")
    return None


def torn() -> Judged:
    """The bytes are not those that the side file promises (F-03)."""
    return refused(note("F-03", "error"))


def _judge_nil(delivery: Delivery, data: bytes, history: History | None, confirmed: frozenset[str]) -> Judged:
    """A nil return: accepted with no rows, kept back, or refused as a whole."""
    in_force = parameters(delivery.period.last_day, delivery.county_code)
    header_rows = int(in_force["header_scan_rows"])
    check_nil_return(data, delivery.file_name, delivery.contract, delivery.period, header_rows)
    state, reason = _held_back(delivery, 0, history, confirmed) or (State.ACCEPTED, None)
    notes = [*_lateness(delivery, history), *_seen_elsewhere(history)]
    return Judged(Verdict(state, reason=reason, notes=notes, is_nil_return=True))


def _judge_rows(
    delivery: Delivery,
    raw: RawTable,
    history: History | None,
    confirmed: frozenset[str],
    merge: Merge | None = None,
) -> Judged:
    contract, period = delivery.contract, delivery.period
    if history is not None and history.known is not None:
        raw = restore_known(raw, history.known)
    typed = type_table(raw, period, delivery.county_code)
    raw = typed.raw
    withdrawn = len(merge.withdrawn) if merge else 0
    count = len(raw.rows) + withdrawn
    if not raw.rows:
        text = catalogue()["F-08"]
        raise FileProblem("F-08", text.message, text.fix)
    in_force = parameters(period.last_day, delivery.county_code)
    checks = run_checks(typed, period, in_force)
    # Typing may pass on what reading found; one fault is said once.
    said = dict.fromkeys((*raw.findings, *typed.findings))
    readings, waived = without_waived(said, typed, history.waived_households if history else frozenset())
    findings = (*readings, *checks.findings)
    headings = drift.headings(raw)
    before = (history.headings, history.contract_version) if history else ((), None)
    issues = drift.compare(contract, period, headings, *before)
    notes = [*_file_notes(raw, readings), *drift.notes(issues, raw)]
    notes += [*_lateness(delivery, history), *_seen_elsewhere(history)]
    notes += [note("R-ALL-04", "info", f"{waived}行在豁免期内，本月不再询问")] if waived else []
    notes += [*fill_rates(typed, in_force), *unusual_volume(count, history.volumes if history else (), in_force)]
    results = (*summarise_findings(readings, count - withdrawn), *checks.results)
    faulty = error_rows(findings)
    sound = tuple(np.flatnonzero(~flags_at(raw.rows, faulty)).tolist())
    rejected = count - len(sound)
    state = State.PARTIALLY_ACCEPTED if rejected else State.ACCEPTED
    reason = next((note for note in notes if note.severity == "error"), None)
    if reason is None and (rejected > contract.rejection_share * count or rejected == count):
        share = f"{rejected / count:.1%}，上限{contract.rejection_share:.0%}"
        reason = note("F-17", "error", f"{count}行中有{rejected}行错误，占{share}")
    if reason is not None:
        state, rejected = State.REJECTED, count
    elif held := _held_back(delivery, count, history, confirmed):
        state, reason = held
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
        drift=Drift(contract.owner, headings, issues),
        merge=merge,
    )
    return Judged(verdict, Content(typed, sound if state in LIVE else (), findings), raw.sheet_names)


def _shrinkage(delivery: Delivery, count: int, history: History | None) -> Note | None:
    """F-18: far fewer rows than the live submission of the month, or, of a month's first file, than the month before.

    Events replace nothing and may be fewer. Small lists may lose a few rows from month to month.
    """
    if delivery.contract.semantics == "event" or history is None:
        return None
    in_force = parameters(delivery.period.last_day, delivery.county_code)
    if history.live_rows is not None:
        before, free, which = history.live_rows, Decimal(0), "已接收的一份"
    elif history.earlier is not None:
        month, before = history.earlier
        free, which = Decimal(in_force["shrink_rows_free"]), f"{month}的一份"
    else:
        return None
    missing = before - count
    if missing <= before * Decimal(in_force["shrink_share"]) or missing <= free:
        return None
    text = catalogue()["F-18"]
    detail = f"{which}有{before}行，这一份只有{count}行，少{missing}行"
    return Note("F-18", "error", f"{text.message}（{detail}）", text.fix)


def _seen_elsewhere(history: History | None) -> list[Note]:
    """F-19 if the same bytes were taken for another feed or month, or from another department."""
    return [note("F-19", "warning", history.seen_as)] if history and history.seen_as else []


def _file_notes(raw: RawTable, findings: Iterable[Finding]) -> list[Note]:
    """What reading said of the file as a whole, and what the table itself shows (S-15)."""
    notes = [
        Note(finding.rule_id, finding.severity, finding.message, finding.fix)
        for finding in findings
        if finding.row <= 0
    ]
    said = {note.rule_id for note in notes}
    if raw.excluded_count and "S-15" not in said:
        notes.append(note("S-15", "info", f"{raw.excluded_count}行"))
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
    return [note("F-12", "warning", f"截止时间{due:%Y-%m-%d %H:%M}")]
