"""Files in: find what has arrived, take one file through to its receipt.

`take` may be stopped anywhere and run again: the bytes are claimed once, the archive is written once, rows and verdict
are one transaction, the receipt is made from the ledger, and the inbox file goes last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import psycopg
import structlog

from hearth.bucket import bucket
from hearth.period import Period
from hearth.settings import settings
from ingestion import arrivals, drift_ledger, inbox, ledger, reopening, vault
from ingestion.arrivals import NotInInbox, code_key, modified, stated_sha256, without_names
from ingestion.aside import put_aside
from ingestion.calendar import calendar
from ingestion.contract import Contract, contracts, departments
from ingestion.faults import place_of
from ingestion.inbox import CHECKSUM_SUFFIX, Address, shown_name
from ingestion.judgement import Content, Delivery, History, Judged, judge, refused, torn
from ingestion.known_numbers import known_numbers
from ingestion.load import Batch, build_batch
from ingestion.marks import answered_by
from ingestion.near_numbers import near_numbers, with_near
from ingestion.own_names import keep_sheet_names
from ingestion.placeholder_waiver import waived_households
from ingestion.quarantine import quarantine_rows
from ingestion.receipt import Receipt, issue, issued
from ingestion.remarks import MONTHS
from ingestion.resubmission import merged
from ingestion.rules import catalogue
from ingestion.submission import WAITING, Note, State, Submission, Verdict
from ingestion.versions import reader_version

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

_log = structlog.get_logger()
T = TypeVar("T")
BY_NUMBER = "submission/"
"""Begins the key of a submission whose file is in the archive only: a claim whose holder is gone, or one kept back."""


class IntakeFault(RuntimeError):  # noqa: N818 - fault is the word of this room
    """Something broke that is not the sender's mistake. Says where, and never what the file holds."""


# ---------------------------------------------------------------- discovery
def discover(department: str | None) -> list[str]:
    """Keys of what is ready to take, oldest file first, so that of two versions the later one stays.

    Files of the inbox come under code keys (`ingestion.arrivals`): a file's own name may be a person's. None: files at
    the root of the inbox and below folders that no contract owns. Half-uploaded files are left out. Then, as
    ``submission/<number>``, what need not be sent again: claims whose holder is gone, files kept back for a reopening
    that has been granted, files kept back that somebody has confirmed.
    """
    if department is not None and department not in departments():
        raise ValueError(f"[{department}] has no contract; known: {', '.join(departments())}")
    keys = arrivals.ready(department)
    return keys + [f"{BY_NUMBER}{entry.submission_id}" for entry in _unattended(department, keys)]


def _unattended(department: str | None, keys: Sequence[str]) -> list[Submission]:
    """Submissions that can go on from the archive. Of no department: claims of strays."""
    for number in ledger.release_hung(settings().intake_patience_minutes):
        _log.warning("a silent intake has lost its claim", submission_id=number)
    found = [entry for entry in ledger.stuck(department) if entry.inbox_key not in keys]
    if department is None:
        return [entry for entry in found if entry.department is None]
    for entry in ledger.submissions(
        department=department, states=(State.AWAITING_REOPENING, State.AWAITING_CONFIRMATION), newest_first=False
    ):
        if entry.state == State.AWAITING_REOPENING:
            is_free = not reopening.must_wait(entry.slot, datetime.now(UTC), settings().reopening)
        else:
            is_free = entry.reason_rule_id in ledger.confirmed_rules(entry.submission_id)
        if is_free:
            found.append(entry)
    return found


# ---------------------------------------------------------------- one file
def guarded(submission_id: str, step: str, work: Callable[[], T]) -> T:
    """Do ``work``; what breaks in it becomes an IntakeFault, for error texts of libraries may quote cells."""
    try:
        return work()
    except (IntakeFault, ledger.ClaimLost, OSError):
        raise
    except Exception as error:  # whatever it is: its text must not reach a log
        if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
            raise  # the server does not answer; this says nothing of the file
        state = f" (sqlstate {error.sqlstate})" if isinstance(error, psycopg.Error) else ""
        fault = f"submission [{submission_id}] broke in step [{step}]{state}: {place_of(error)}"
    raise IntakeFault(fault)  # outside the handler: no context that would print the original text


def _archive_key(sha256: str) -> str:
    return f"archive/{sha256[:2]}/{sha256}"


def _archive(key: str, data: bytes) -> None:
    """Keep the bytes, once. A copy of another length is a torn write of an earlier attempt and is written again."""
    path = bucket() / key
    if path.exists() and path.stat().st_size == len(data):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _clear(path: ObjectStoragePath, sha256: str) -> None:
    """Remove the file from the inbox, with its side file, unless other bytes have taken its name meanwhile."""
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        return
    path.unlink()
    side = path.with_name(path.name + CHECKSUM_SUFFIX)
    if side.exists():
        side.unlink()


def _judged(entry: Submission, address: Address, data: bytes, stated_sha256: str | None) -> Judged:
    """The verdict, with what the ledger knows of the feed and month."""
    if address.problem is not None:
        return refused(address.problem)
    if address.contract is None or entry.period is None:
        raise ValueError(f"submission [{entry.submission_id}] has an address without contract or month")
    if stated_sha256 is not None and stated_sha256 != entry.sha256:
        return torn()
    delivery = Delivery(
        file_name=entry.file_name,
        contract=address.contract,
        period=Period.parse(entry.period),
        county_code=entry.county_code,
        received_at=entry.received_at,
        due_at=entry.due_at,
        is_trial=entry.is_test,
        is_answer=address.is_answer,
    )
    return judge(
        delivery,
        data,
        history_of(entry, address.contract),
        ledger.confirmed_rules(entry.submission_id),
        lambda raw: merged(raw, entry, delivery.contract, delivery.period),
    )


def history_of(entry: Submission, contract: Contract) -> History:
    """What the ledger knows of the feed and month."""
    slot = entry.slot
    live, earlier = ledger.live(slot), ledger.live_before(slot)
    headings, version = drift_ledger.last_headings(slot)
    return History(
        live_rows=live.rows_received if live else None,
        first_received_at=ledger.first_received_at(slot),
        headings=headings,
        contract_version=version,
        earlier=(earlier.period, earlier.rows_received) if earlier and earlier.period else None,
        volumes=ledger.volumes(slot, MONTHS, same_month="term_code" in contract.by_name),
        waived_households=waived_households(slot.county_code, Period.parse(slot.period or "").last_day),
        is_closed=reopening.must_wait(slot, datetime.now(UTC), settings().reopening),
        seen_as=_seen_as(entry),
        known=known_numbers,
    )


def _seen_as(entry: Submission) -> str | None:
    """Where the same bytes were taken before; of another department no more than that it was one."""
    others = [] if entry.is_test else ledger.same_bytes_elsewhere(entry)
    own = [other for other in others if other.department == entry.department]
    if own:
        return f"{own[0].period}，回执号{own[0].submission_id}"
    return "由另一单位报送" if others else None


def _sealed(entry: Submission, content: Content, sealing: vault.Sealer) -> Batch:
    """What the submission adds to the warehouse: accepted rows hashed, the others sealed."""
    batch = build_batch(
        content.typed,
        positions=content.accepted,
        quarantined=list(quarantine_rows(content.typed.raw, content.findings, sealing)),
        sealing=sealing,
        county_code=entry.county_code,
        period=entry.period or "",
        source_file=entry.archive_key or entry.file_name,
    )
    raw = content.typed.raw
    near, values = near_numbers(raw, content.findings, sealing, Period.parse(entry.period or "").last_day)
    return replace(
        batch,
        aside=put_aside(raw, content.accepted, sealing),
        near=near,
        entries=with_near(batch.entries, values, sealing),
        token_version=sealing.hashing.version,
    )


def _decide(entry: Submission, address: Address, data: bytes, stated_sha256: str | None) -> Submission:
    """Judge, keep and record a claimed submission."""
    judged = guarded(entry.submission_id, "judge", lambda: _judged(entry, address, data, stated_sha256))
    return settle(entry, judged)


def settle(entry: Submission, judged: Judged) -> Submission:
    """Keep and record what a claimed submission was judged to be."""
    number = entry.submission_id
    ledger.beat(entry)
    batch: Batch | None = None
    if (content := judged.content) is not None:
        sealing = guarded(number, "keys", lambda: vault.sealer(number))
        sealed = batch = guarded(number, "seal", lambda: _sealed(entry, content, sealing))
        ledger.beat(entry)
        if sealed.entries:
            guarded(number, "vault", lambda: vault.store(sealed.entries, sealing))
    # First, for whoever goes on with a submission that has its verdict makes the receipt and asks nothing more.
    keep_sheet_names(entry.department, entry.period, number, judged.sheet_names)
    guarded(number, "load", lambda: ledger.record(entry, judged.verdict, batch))
    decided = ledger.find(number)
    _log.info(
        "file taken",
        submission_id=number,
        state=decided.state,
        received=decided.rows_received,
        accepted=decided.rows_accepted,
        rejected=decided.rows_rejected,
        reason=decided.reason_rule_id,
    )
    return decided


def _is_sent_again(entry: Submission, path: ObjectStoragePath) -> bool:
    """Whether a superseded file was dropped anew after what replaced it had arrived, and is not a left-over."""
    live = ledger.live(entry.slot)
    status = path.stat()
    dropped = max(modified(path), float(status.get("created") or 0))
    return live is not None and dropped > live.received_at.timestamp()


def _receipt(entry: Submission, sent_as: str | None = None) -> Receipt:
    return guarded(entry.submission_id, "receipt", lambda: issued(entry) or issue(entry, sent_as=sent_as))


def _back_again(entry: Submission, sent_as: str) -> Receipt:
    """Bytes that were replaced and are sent once more are live again, unless the month is closed."""
    if reopening.must_wait(entry.slot, datetime.now(UTC), settings().reopening):
        text = catalogue()["F-13"]
        note = Note("F-13", "error", f"{text.message}：这份文件是以前报过、已被替换的一份，没有恢复", text.fix)
        return guarded(entry.submission_id, "receipt", lambda: issue(entry, note, sent_as=sent_as))
    again = ledger.reinstate(entry)
    _log.info("earlier file is live again", submission_id=entry.submission_id)
    return _receipt(again, sent_as)


def _address(address: Address, data: bytes) -> Address:
    """Where a file belongs: what its path says; a return workbook says by itself what it answers."""
    number = answered_by(data) if address.slot.department is not None else None
    if number is None:
        return address
    text = catalogue()["F-20"]
    try:
        answered = ledger.find(number)
    except LookupError:
        return replace(address, contract=None, problem=Note("F-20", "error", text.message, text.fix))
    contract = contracts().get(f"{answered.department}.{answered.feed}")
    if answered.department != address.slot.department or contract is None:
        message = "这份更正表不是发给贵单位的"
        return replace(address, contract=None, problem=Note("F-15", "error", message, "请转交收到这份更正表的单位"))
    if answered.period is not None:
        contract = contract.in_force(Period.parse(answered.period))
    slot = replace(answered.slot, is_test=answered.is_test or address.slot.is_test)
    return Address(slot, address.file_name, contract, is_answer=True)


def _known(inbox_key: str) -> Submission:
    """The submission that a key without a file means. Raises FileNotFoundError when there is none."""
    if inbox_key.startswith(BY_NUMBER):
        return ledger.find(inbox_key.removeprefix(BY_NUMBER))
    found = ledger.find_by_key(code_key(inbox_key))
    if found is None:
        raise NotInInbox(f"inbox file [{code_key(inbox_key)}] is not there and was never claimed; drop it again")
    return found


def take(inbox_key: str) -> Receipt:
    """Take one file: claim, archive, read, check, vault, load, receipt, remove from the inbox. May be repeated.

    ``inbox_key`` may also be ``submission/<number>``: that one goes on from the archive. Whatever is wrong with the
    file ends in a receipt. Raises ValueError for a key outside the inbox, LookupError for an unknown number,
    FileNotFoundError when the file is gone and was never claimed, and, so that the task is tried again, OSError,
    psycopg.OperationalError or IntakeFault when the bucket, the database or the program fails.
    """
    while True:
        receipt = _from_inbox(inbox_key)
        if receipt is not None:
            return receipt


@without_names
def _from_inbox(inbox_key: str) -> Receipt | None:
    """The receipt of the file; None when the file became another one before its feed and month could be locked."""
    if not inbox_key.startswith(BY_NUMBER):
        inbox.resolve(inbox_key, settings().county_code)  # says at once what is no inbox key
    found = None if inbox_key.startswith(BY_NUMBER) else arrivals.find(inbox_key)
    if found is None:
        return _from_archive(_known(inbox_key))
    true_key, path = found
    data = path.read_bytes()
    address = _address(inbox.resolve(true_key, settings().county_code), data)
    sha256 = hashlib.sha256(data).hexdigest()
    sent_as = shown_name(path.name)
    with ledger.hold(address.slot):
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            return None
        entry = _claim(address, code_key(true_key), data, sha256)
        _archive(_archive_key(sha256), data)
        if entry.state == State.CLAIMED:
            receipt = _answer(_decide(entry, address, data, stated_sha256(path)), sent_as)
        elif entry.state == State.SUPERSEDED and _is_sent_again(entry, path):
            receipt = _back_again(entry, sent_as)
        else:
            receipt = _receipt(entry, sent_as)
            _log.info("same bytes again", submission_id=entry.submission_id, state=entry.state)
        _clear(path, sha256)
        return receipt


def _from_archive(known: Submission) -> Receipt:
    """Go on with a submission whose file has left the inbox: undecided or kept back; else its receipt."""
    with ledger.hold(known.slot):
        known = ledger.find(known.submission_id)
        if known.state not in (State.CLAIMED, *WAITING):
            return _receipt(known)  # another worker was first, or an earlier attempt had only to answer
        archived = bucket() / (known.archive_key or _archive_key(known.sha256))
        if not archived.exists():  # claimed, never archived, and the sender has taken the file back
            text = catalogue()["F-03"]
            ledger.record(known, Verdict(State.REJECTED, reason=Note("F-03", "error", text.message, text.fix)), None)
            return _answer(ledger.find(known.submission_id))
        data = archived.read_bytes()
        address = _address(_address_again(known), data)
        entry = _claim(replace(address, slot=known.slot), known.inbox_key, data, known.sha256)
        return _answer(_decide(entry, address, data, None))


def _address_again(known: Submission) -> Address:
    """Where a claimed file belongs; its name has gone with the file, and the claim says it."""
    contract = contracts().get(f"{known.department}.{known.feed}")
    if contract is not None and known.period is not None:
        return Address(known.slot, known.file_name, contract.in_force(Period.parse(known.period)))
    text = catalogue()["F-04"]
    return Address(known.slot, known.file_name, problem=Note("F-04", "error", text.message, text.fix))


def _answer(entry: Submission, sent_as: str | None = None) -> Receipt:
    return guarded(entry.submission_id, "receipt", lambda: issue(entry, sent_as=sent_as))


def _claim(address: Address, inbox_key: str, data: bytes, sha256: str) -> Submission:
    contract, slot = address.contract, address.slot
    due_at = None
    if contract and slot.period:
        due_at = calendar(slot.county_code, Period.parse(slot.period))[contract.feed_id].due_at
    return ledger.claim(
        slot,
        sha256=sha256,
        byte_count=len(data),
        file_name=address.file_name,
        inbox_key=inbox_key,
        archive_key=_archive_key(sha256),
        contract_version=contract.version if contract else None,
        reader_version=reader_version(),
        due_at=due_at,
    )
