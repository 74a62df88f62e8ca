"""Files in: find what has arrived, take one file through to its receipt.

`take` may be stopped anywhere and run again: the bytes are claimed once, the archive is written once, rows and verdict
are one transaction, the receipt is made from the ledger, and the inbox file goes last.
"""

from __future__ import annotations

import hashlib
import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import psycopg
import structlog

from hearth.bucket import bucket
from hearth.period import Period
from hearth.settings import settings
from ingestion import drift_ledger, inbox, ledger, vault
from ingestion.aside import put_aside
from ingestion.contract import departments
from ingestion.inbox import CHECKSUM_SUFFIX, INBOX, Address
from ingestion.judgement import Content, Delivery, History, Judged, judge, refused, torn
from ingestion.load import Batch, build_batch
from ingestion.quarantine import quarantine_rows
from ingestion.receipt import Receipt, issue, issued
from ingestion.submission import State, Submission

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

_log = structlog.get_logger()
T = TypeVar("T")
_CHECKSUM = re.compile(r"^\\?([0-9a-fA-F]{64})(?:\s|$)")


class IntakeFault(RuntimeError):  # noqa: N818 - fault is the word of this room
    """Something broke that is not the sender's mistake. Says where, and never what the file holds."""


# ---------------------------------------------------------------- discovery
def _modified(path: ObjectStoragePath) -> float:
    return float(path.stat().st_mtime)


def _stated_sha256(path: ObjectStoragePath) -> str | None:
    """What the side file says; None without a side file, an empty text if it cannot be read as one."""
    side = path.with_name(path.name + CHECKSUM_SUFFIX)
    if not side.exists():
        return None
    match = _CHECKSUM.match(side.read_bytes().decode("utf-8", errors="replace").lstrip("\ufeff").strip())
    return match[1].lower() if match else ""


def _is_ready(path: ObjectStoragePath, now: float) -> bool:
    """Complete by its side file, else unchanged for `stable_seconds`. A lasting mismatch is ready, to be refused."""
    stated = _stated_sha256(path)
    changed = _modified(path)
    if stated is not None:
        if stated == hashlib.sha256(path.read_bytes()).hexdigest():
            return True
        changed = max(changed, _modified(path.with_name(path.name + CHECKSUM_SUFFIX)))
    return now - changed >= settings().stable_seconds


def _files(folder: ObjectStoragePath) -> Iterator[ObjectStoragePath]:
    """Every file below a folder that may be a submission."""
    if not folder.exists():
        return
    for path in folder.iterdir():
        if inbox.is_ignored(path.name):
            continue
        if path.is_dir():
            yield from _files(path)
        elif not path.name.lower().endswith(CHECKSUM_SUFFIX):
            yield path


def discover(department: str | None) -> list[str]:
    """Inbox keys that are ready to take, oldest file first, so that of two versions the later one stays.

    None: files at the root of the inbox and below folders that no contract owns. Half-uploaded files are left out.
    """
    root = bucket() / INBOX
    if department is not None:
        if department not in departments():
            raise ValueError(f"[{department}] has no contract; known: {', '.join(departments())}")
        found = list(_files(root / department))
    else:
        owned = set(departments())
        found = []
        for path in root.iterdir() if root.exists() else ():
            if inbox.is_ignored(path.name) or path.name in owned:
                continue
            if path.is_dir():
                found.extend(_files(path))
            elif not path.name.lower().endswith(CHECKSUM_SUFFIX):
                found.append(path)
    now = datetime.now(UTC).timestamp()
    prefix = str(root).rstrip("/") + "/"
    ready = [(_modified(path), f"{INBOX}/{str(path).removeprefix(prefix)}") for path in found if _is_ready(path, now)]
    return [key for _, key in sorted(ready)]


# ---------------------------------------------------------------- one file
def _guarded(submission_id: str, step: str, work: Callable[[], T]) -> T:
    """Do ``work``; what breaks in it becomes an IntakeFault, for error texts of libraries may quote cells."""
    try:
        return work()
    except (IntakeFault, OSError):
        raise
    except Exception as error:  # whatever it is: its text must not reach a log
        if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
            raise  # the server does not answer; this says nothing of the file
        places = " <- ".join(
            f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
            for frame in reversed(traceback.extract_tb(error.__traceback__))
        )
        state = f" sqlstate {error.sqlstate}" if isinstance(error, psycopg.Error) else ""
        fault = f"submission [{submission_id}] broke in step [{step}]: {type(error).__name__}{state} at {places}"
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


def _judged(
    entry: Submission, address: Address, data: bytes, stated_sha256: str | None, confirmed: frozenset[str]
) -> Judged:
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
    )
    before = drift_ledger.last_headings(entry.slot)
    history = History(ledger.live_row_count(entry.slot), ledger.first_received_at(entry.slot), *before)
    return judge(delivery, data, history, confirmed)


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
    return replace(batch, aside=put_aside(content.typed.raw, content.accepted, sealing))


def _decide(
    entry: Submission, address: Address, data: bytes, stated_sha256: str | None, confirmed: frozenset[str]
) -> Submission:
    """Judge, keep and record a claimed submission."""
    number = entry.submission_id
    judged = _guarded(number, "judge", lambda: _judged(entry, address, data, stated_sha256, confirmed))
    batch: Batch | None = None
    if (content := judged.content) is not None:
        sealing = _guarded(number, "keys", lambda: vault.sealer(number))
        sealed = batch = _guarded(number, "seal", lambda: _sealed(entry, content, sealing))
        if sealed.entries:
            _guarded(number, "vault", lambda: vault.store(sealed.entries, sealing))
    _guarded(number, "load", lambda: ledger.record(entry, judged.verdict, batch))
    return ledger.find(entry.submission_id)


def _is_sent_again(entry: Submission, path: ObjectStoragePath) -> bool:
    """Whether a superseded file was dropped anew after what replaced it had arrived, and is not a left-over."""
    live = ledger.live_received_at(entry.slot)
    status = path.stat()
    dropped = max(_modified(path), float(status.get("created") or 0))
    return live is not None and dropped > live.timestamp()


def _receipt(entry: Submission) -> Receipt:
    return _guarded(entry.submission_id, "receipt", lambda: issued(entry) or issue(entry))


def take(inbox_key: str, *, confirmed: frozenset[str] = frozenset()) -> Receipt:
    """Take one file: claim, archive, read, check, vault, load, receipt, remove from the inbox. May be repeated.

    ``confirmed``: rule ids that a person answers for (F-18, the shrunken resend). Whatever is wrong with the file ends
    in a receipt. Raises ValueError for a key outside the inbox,
    FileNotFoundError when the file is gone and was never claimed, and, so that the task is tried again, OSError,
    psycopg.OperationalError or IntakeFault when the bucket, the database or the program fails.
    """
    address = inbox.resolve(inbox_key, settings().county_code)
    path = bucket() / inbox_key
    with ledger.hold(address.slot):
        in_inbox = path.exists()
        known = None if in_inbox else ledger.find_by_key(inbox_key)
        if not in_inbox and known is None:
            raise FileNotFoundError(f"inbox file [{inbox_key}] is not there and was never claimed; drop it again")
        if known is not None and known.state != State.CLAIMED:
            return _receipt(known)  # another worker was first, or an earlier attempt had only to answer
        source = path if known is None else bucket() / (known.archive_key or _archive_key(known.sha256))
        data = source.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        stated = _stated_sha256(path) if in_inbox else None
        entry = _claim(address, inbox_key, data, sha256)
        _archive(_archive_key(sha256), data)
        if entry.state == State.CLAIMED:
            decided = entry = _decide(entry, address, data, stated, confirmed)
            receipt = _guarded(entry.submission_id, "receipt", lambda: issue(decided))
            _log.info(
                "file taken",
                submission_id=entry.submission_id,
                state=entry.state,
                received=entry.rows_received,
                accepted=entry.rows_accepted,
                rejected=entry.rows_rejected,
                reason=entry.reason_rule_id,
            )
        else:
            if entry.state == State.SUPERSEDED and in_inbox and _is_sent_again(entry, path):
                entry = ledger.reinstate(entry)
                _log.info("earlier file is live again", submission_id=entry.submission_id)
            receipt = _receipt(entry)
            _log.info("same bytes again", submission_id=entry.submission_id, state=entry.state)
        if in_inbox:
            _clear(path, sha256)
        return receipt


def _claim(address: Address, inbox_key: str, data: bytes, sha256: str) -> Submission:
    contract, slot = address.contract, address.slot
    due_at = Period.parse(slot.period).due_at(contract.due_day) if contract and slot.period else None
    return ledger.claim(
        slot,
        sha256=sha256,
        byte_count=len(data),
        file_name=address.file_name,
        inbox_key=inbox_key,
        archive_key=_archive_key(sha256),
        contract_version=contract.version if contract else None,
        due_at=due_at,
    )
