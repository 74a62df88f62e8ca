"""What has arrived in the inbox, under keys that say nothing of a person.

A sender names a file as he likes: 低保张某.xlsx. That name stays in the bucket, in the sender's own folders. Everything
that is kept or shown elsewhere (XCom, ledger, log, error) carries a key ``inbox/<department>/<month>/~<code>``, whose
code is a keyed digest of the true one; who holds the bucket finds the file by it again.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from hearth.bucket import bucket
from hearth.period import Period
from hearth.secrets import secret
from hearth.settings import settings
from ingestion import inbox
from ingestion.contract import departments
from ingestion.inbox import CHECKSUM_SUFFIX, INBOX

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

P = ParamSpec("P")
R = TypeVar("R")
NOBODY = "_"
"""Stands in a code key for a folder that is no department's, or no month's."""
_SHA256 = re.compile(r"^\\?([0-9a-fA-F]{64})(?:\s|$)")
_CODE = re.compile(r"~[0-9a-f]{32}")
"""No name of a file that is taken: names that begin so are passed over."""


class NotInInbox(FileNotFoundError):  # noqa: N818 - nobody's error: the sender took the file back
    """No file is there under a key, and none was ever claimed under it."""


def without_names(work: Callable[P, R]) -> Callable[P, R]:
    """Errors of the bucket quote the path, and the path holds the sender's file name: an OSError without it instead."""

    @wraps(work)
    def done(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return work(*args, **kwargs)
        except (NotInInbox, RuntimeError, ValueError, LookupError):
            raise
        except OSError as error:
            fault = OSError(error.errno, f"{type(error).__name__} in the bucket")
        except Exception as error:
            if not type(error).__module__.startswith(("botocore.", "aiobotocore.", "aiohttp.")):
                raise
            fault = OSError(None, f"{type(error).__name__} in the bucket")
        raise fault  # outside the handler: no context that would print the path

    return done


@lru_cache(maxsize=4)
def _secret(folder: Path) -> bytes:  # noqa: ARG001 - the folder is the cache key: another home has other secrets
    return secret("inbox_key").encode("ascii")


def code_key(inbox_key: str) -> str:
    """The key under which a file is spoken of. A key that is one already stays."""
    parts = inbox_key.split("/")
    if _CODE.fullmatch(parts[-1]):
        return inbox_key
    digest = hmac.new(_secret(settings().home), inbox_key.encode("utf-8", "surrogatepass"), hashlib.sha256)
    department = parts[1] if len(parts) > 2 and parts[1] in departments() else NOBODY
    return f"{INBOX}/{department}/{_month(parts)}/~{digest.hexdigest()[:32]}"


def _month(parts: list[str]) -> str:
    try:
        return str(Period.parse(parts[2])) if len(parts) > 3 else NOBODY
    except ValueError:
        return NOBODY


@dataclass(frozen=True, slots=True)
class _Arrived:
    """One file of the inbox, as a listing shows it."""

    key: str
    modified: float
    sides: float | None
    """When its side file with the checksum was written; None without one."""

    @property
    def path(self) -> ObjectStoragePath:
        return bucket() / self.key


@without_names
def find(inbox_key: str) -> tuple[str, ObjectStoragePath] | None:
    """The true key and the path of a file, asked for by either key; None if it is not there."""
    parts = inbox_key.split("/")
    if not _CODE.fullmatch(parts[-1]):
        path = bucket() / inbox_key
        return (inbox_key, path) if path.exists() else None
    department = None if parts[1] == NOBODY else parts[1]
    below = (parts[1], parts[2]) if department and parts[2] != NOBODY else (parts[1],)
    for file in _listed(below) if department else _strays():
        if code_key(file.key) == inbox_key:
            return file.key, file.path
    return None


def modified(path: ObjectStoragePath) -> float:
    """When the file was written last, in seconds."""
    return float(path.stat().st_mtime)


def _moment(found: Mapping[str, Any]) -> float:
    """When a listed file was written last: a folder says seconds, S3 a moment."""
    moment = found.get("mtime", found.get("LastModified"))
    if moment is None:
        raise RuntimeError(f"the listing of the bucket has no time of writing, only {sorted(found)}")
    return moment.timestamp() if isinstance(moment, datetime) else float(moment)


def _listed(below: tuple[str, ...] = ()) -> list[_Arrived]:
    """Every file below a folder of the inbox that may be a submission. One listing, however many files there are:
    asking a store for each of them is a call each."""
    root = bucket() / INBOX
    folder = root.joinpath(*below)
    found: dict[str, dict[str, Any]] = folder.fs.find(folder.path, detail=True)
    start = root.path.rstrip("/") + "/"
    moments = {
        path.removeprefix(start): _moment(entry)
        for path, entry in found.items()
        if path.startswith(start) and entry["type"] == "file"  # a store shows a folder that is only a word in keys
    }
    return [
        _Arrived(f"{INBOX}/{name}", moment, moments.get(name + CHECKSUM_SUFFIX))
        for name, moment in moments.items()
        if not name.lower().endswith(CHECKSUM_SUFFIX) and not any(map(inbox.is_ignored, name.split("/")))
    ]


def _strays() -> list[_Arrived]:
    """Files at the root of the inbox and below folders that no contract owns."""
    owned = set(departments())
    return [file for file in _listed() if file.key.split("/")[1] not in owned]


def stated_sha256(path: ObjectStoragePath) -> str | None:
    """What the side file says; None without a side file, an empty text if it cannot be read as one."""
    side = path.with_name(path.name + CHECKSUM_SUFFIX)
    if not side.exists():
        return None
    match = _SHA256.match(side.read_bytes().decode("utf-8", errors="replace").lstrip("\ufeff").strip())
    return match[1].lower() if match else ""


def _is_ready(file: _Arrived, now: float) -> bool:
    """Complete by its side file, else unchanged for `stable_seconds`. A lasting mismatch is ready, to be refused."""
    if file.sides is None:
        return now - file.modified >= settings().stable_seconds
    path = file.path
    if stated_sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest():
        return True
    return now - max(file.modified, file.sides) >= settings().stable_seconds


@without_names
def ready(department: str | None) -> list[str]:
    """Code keys of complete files, oldest first. Half-uploaded files are left out. None: those of no department."""
    now = datetime.now(UTC).timestamp()
    found = _strays() if department is None else _listed((department,))
    ordered = sorted((file.modified, file.key) for file in found if _is_ready(file, now))
    return [code_key(key) for _, key in ordered]
