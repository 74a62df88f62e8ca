"""Which files go out, and whose identifiers a file may repeat."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hearth.bucket import bucket
from hearth.database import Role, connect
from publishing.access.leaks import Leak, scan

FOLDERS = ("outbox", "packs")


def _files(folder: Any, path: str) -> Iterator[tuple[str, bytes]]:
    if folder.exists():
        for entry in sorted(folder.iterdir(), key=str):
            place = f"{path}/{entry.name}"
            if entry.is_dir():
                yield from _files(entry, place)
            else:
                yield place, entry.read_bytes()


def scan_outgoing() -> list[Leak]:
    """Leaks in the outgoing folders of the bucket. A file below outbox/<department>/<period>/<submission> may repeat
    what that submission held when it came, if the submission is the department's.
    """
    root = bucket()
    with connect(Role.OWNER) as connection:
        archived = {
            (department, submission): key
            for department, submission, key in connection.execute(
                "select department, submission_id, archive_key from ops.submission where archive_key is not null"
            )
        }

    def own(path: str) -> bytes | None:
        parts = path.split("/")
        key = archived.get((parts[1], parts[3])) if parts[0] == "outbox" and len(parts) > 4 else None
        return (root / key).read_bytes() if key is not None and (root / key).exists() else None

    return scan((file for folder in FOLDERS for file in _files(root / folder, folder)), own)
