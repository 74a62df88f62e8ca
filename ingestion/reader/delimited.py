"""CSV and tab-separated text (layouts L1, L6, L7)."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import cast

from ingestion.normalise.problems import file_problem
from ingestion.reader.bulk import read_bulk
from ingestion.reader.grid import Book, Grid
from ingestion.table import CellValue

_DELIMITERS = (",", "\t", ";")
_SAMPLE = 60
_HEAD = 200_000
csv.field_size_limit(10_000_000)


def read_delimited(text: str) -> Book:
    """One sheet of text cells; a record is a row, blank lines included, as a spreadsheet shows them.

    Raises FileProblem F-01 if a quotation mark is never closed: everything behind it would vanish into one cell.
    """
    delimiter = delimiter_of(text)
    bulk = read_bulk(text, delimiter)
    if bulk is not None:
        return Book([Grid("", cast("list[list[CellValue]]", bulk))], is_text=True)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as problem:
        unquoted = _unquoted(text, delimiter)
        if unquoted is None:
            raise file_problem(
                "F-01", message="文件里的英文引号不成对，分不清各列", fix="请删去多余的英文引号，或另存为xlsx后重报"
            ) from problem
        records = unquoted
    rows: list[list[CellValue]] = [[value or None for value in record] for record in records]
    return Book([Grid("", rows)], is_text=True)


def delimiter_of(text: str) -> str:
    """The character that cuts most of the first lines into the same number of cells."""
    lines = [line for line in text[:_HEAD].splitlines() if line.strip()][:_SAMPLE]

    def regularity(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(record) for record in csv.reader(lines, delimiter=delimiter) if len(record) > 1)
        return max(((count, width) for width, count in widths.items()), default=(0, 0))

    return max(_DELIMITERS, key=regularity)


def _unquoted(text: str, delimiter: str) -> list[list[str]] | None:
    """Records with quotation marks as ordinary characters, if that makes all rows but title lines equally wide."""
    records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=csv.QUOTE_NONE))
    widths = Counter(len(record) for record in records if record)
    if not widths:
        return None
    width, count = widths.most_common(1)[0]
    return records if width > 1 and count >= 0.9 * sum(widths.values()) else None
