"""The marks of a return workbook: what it answers, and which row of the sender's file each of its rows is.

Nothing here needs the database.
"""

from __future__ import annotations

import hmac
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from python_calamine import CalamineError, CalamineWorkbook

from hearth.secrets import secret
from hearth.settings import settings
from ingestion.normalise.problems import file_problem
from ingestion.normalise.text import as_text
from ingestion.submission import RowAddress
from ingestion.table import CellValue, RawTable

if TYPE_CHECKING:
    from ingestion.returned import ReturnedRow

MARK_HEADER = "行标识"
"""Title of the hidden column of marks."""
MARK_SHEET = "hearth"
"""Name of the hidden sheet that says which submission a workbook answers."""
OUR_HEADERS = ("退回原因", "怎么改", "原行号", MARK_HEADER)
"""Columns that we put before the sender's own."""
_KEY = "return_key"
_DIGITS = 24
_LONGEST_INDEX = 1_000_000


@lru_cache(maxsize=4)
def _key(folder: Path) -> bytes:  # noqa: ARG001 - the folder is the cache key: another home has other secrets
    return secret(_KEY).encode("ascii")


def _code(*parts: str) -> str:
    message = "\x1f".join(parts).encode()
    return hmac.digest(_key(settings().secrets_dir), message, "sha256").hex()[:_DIGITS]


def _spoken(value: CellValue) -> str:
    """A cell for comparison: how it is stored counts, for a number of 18 digits is no ID number."""
    text = as_text(value)
    return f"{'n' if value.__class__ in (int, float) else 't'}{text}" if text else ""


def digest_of(cells: Mapping[str, CellValue]) -> str:
    """Keyed digest of the cells that say something, by column name."""
    said = {name: text for name, value in cells.items() if (text := _spoken(value))}
    return _code("row", *(f"{name}\x1e{said[name]}" for name in sorted(said)))


def known_cells(row: ReturnedRow) -> dict[str, CellValue]:
    """The cells of a returned row that belong to columns of the contract."""
    return {cell.column: cell.value for cell in row.cells if cell.column is not None}


def mark(submission_id: str, row: ReturnedRow) -> str:
    """What the hidden column holds for a row."""
    digest = digest_of(known_cells(row))
    code = _code("mark", submission_id, row.sheet, str(row.row), digest)
    return "|".join((code, digest, str(row.row), submission_id, row.sheet))


def book_mark(submission_id: str) -> str:
    """What the hidden sheet holds."""
    return f"{_code('book', submission_id)}|{submission_id}"


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark that could be read and trusted."""

    submission_id: str
    address: RowAddress
    digest: str


def read_mark(value: CellValue, place: str) -> Mark:
    """The mark in a cell. Raises FileProblem F-20, naming the place, when there is none or it is not ours."""
    parts = as_text(value).split("|", 4)
    if parts == [""]:
        raise file_problem("F-20", message="{place}没有行标识，看来是新增的行", place=place)
    if len(parts) == 5 and parts[2].isdigit():
        code, digest, row, submission_id, sheet = parts
        if hmac.compare_digest(code, _code("mark", submission_id, sheet, row, digest)):
            return Mark(submission_id, (sheet, int(row)), digest)
    raise file_problem("F-20", message="{place}的行标识被改动过，认不出是原表的哪一行", place=place)


def answered_by(data: bytes) -> str | None:
    """Submission id that a workbook answers, by its hidden sheet; an empty text if that was tampered with.

    None: not a return workbook. Reads the list of sheets and one cell, nothing else.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            index = archive.getinfo("xl/workbook.xml")
            if index.file_size > _LONGEST_INDEX or f'name="{MARK_SHEET}"'.encode() not in archive.read(index):
                return None
            if sum(part.file_size for part in archive.infolist()) > 200 * len(data):
                return None  # left to the guards of the reader
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            rows = book.get_sheet_by_name(MARK_SHEET).to_python(nrows=1)
    except (zipfile.BadZipFile, KeyError, CalamineError, ValueError, OSError, RuntimeError, NotImplementedError):
        return None
    text = str(rows[0][0]) if rows and rows[0] else ""
    code, _, submission_id = text.partition("|")
    return submission_id if hmac.compare_digest(code.encode(), _code("book", submission_id).encode()) else ""


def is_answer(raw: RawTable) -> bool:
    """Whether the rows of a file carry marks, whatever became of its hidden sheet."""
    return MARK_HEADER in raw.unknown_headers
