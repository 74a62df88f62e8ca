"""Which code read a file: refused bytes are judged anew when reading or checking has changed since."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_ROOM = Path(__file__).parent
_PARTS = (
    "read.py",
    "table.py",
    "checks.py",
    "nil_return.py",
    "judgement.py",
    "remarks.py",
    "marks.py",
    "resubmission.py",
    "drift.py",
)
_FOLDERS = ("reader", "normalise", "rules", "reference")


@cache
def reader_version() -> str:
    """Fingerprint of the code and the data by which files are read and judged: 12 hex digits."""
    digest = hashlib.sha256()
    paths = [_ROOM / name for name in _PARTS]
    for folder in _FOLDERS:
        paths += sorted(path for path in (_ROOM / folder).rglob("*") if path.suffix in {".py", ".yaml", ".csv"})
    for path in paths:
        digest.update(path.relative_to(_ROOM).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
