"""The leak scanner: direct identifiers in files that go out.

A department's own outbox may hold what its own file held, for the return workbook gives its rows back; anything else
is foreign. Everywhere else (packs, bulletins, exports) no direct identifier may stand at all.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_ID = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True, slots=True, order=True)
class Leak:
    """How many identifiers of one kind stand in a file. The identifiers themselves are never repeated."""

    path: str
    kind: str
    count: int

    def __str__(self) -> str:
        return f"[{self.path}] {self.kind}: {self.count}"


def _is_id_number(text: str) -> bool:
    """Check digit of GB 11643 (MOD 11-2); eighteen digits alone may be a household or a submission."""
    total = sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == text[-1].upper()


def identifiers(text: str) -> dict[str, set[str]]:
    """Kind -> the ID numbers and mobile numbers that stand in a text."""
    return {
        "id_number": {found.upper() for found in _ID.findall(text) if _is_id_number(found)},
        "phone_number": set(_PHONE.findall(text)),
    }


def text_of(data: bytes) -> str:
    """Everything a person could read in a file: cells of workbooks and of Parquet, members of archives, plain text."""
    if data.startswith(b"PAR1"):
        return "\n".join(_parquet(data))
    if data.startswith(_SPREADSHEETS):
        if data.startswith(b"PK") and not _is_workbook(data):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                return "\n".join(text_of(archive.read(name)) for name in archive.namelist())
        return "\n".join(_cells(data))
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _is_workbook(data: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return any(name.startswith("xl/") for name in archive.namelist())


def _cells(data: bytes) -> Iterator[str]:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    for name in book.sheet_names:
        for row in book.get_sheet_by_name(name).to_python():
            yield "\t".join(f"{cell:.0f}" if isinstance(cell, float) else str(cell) for cell in row)


def _parquet(data: bytes) -> Iterator[str]:
    from pyarrow import parquet

    table: Any = parquet.read_table(io.BytesIO(data))
    for column in table.columns:
        yield from (str(value) for value in column.unique().to_pylist() if value is not None)


def scan(files: Iterable[tuple[str, bytes]], own: Callable[[str], bytes | None] = lambda _: None) -> list[Leak]:
    """Leaks in (path, bytes) pairs, sorted. ``own`` gives the bytes whose identifiers a path may repeat, or None."""
    leaks = []
    for path, data in files:
        found = identifiers(text_of(data))
        if any(found.values()):
            source = own(path)
            allowed = identifiers("" if source is None else text_of(source))
            leaks += [Leak(path, kind, len(left)) for kind, seen in found.items() if (left := seen - allowed[kind])]
    return sorted(leaks)
