"""CSV and tab-separated text (layouts L1, L6, L7)."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import cast

from ingestion.normalise.problems import file_problem
from ingestion.reader.bulk import HEAD, head_of, is_large, read_bulk
from ingestion.reader.decode import is_utf8
from ingestion.reader.grid import Book, Grid
from ingestion.reader.guards import LONGEST_CELL, MOST_COLUMNS, Limits, check_text, long_cell, too_many_cells
from ingestion.reader.text_rows import TextRows
from ingestion.table import CellValue

_DELIMITERS = (",", "\t", ";")
_SAMPLE = 60
csv.field_size_limit(LONGEST_CELL)


def read_delimited(text: str, limits: Limits | None = None) -> Book:
    """One sheet of text cells; a record is a row, blank lines included, as a spreadsheet shows them.

    Raises FileProblem F-01 if a quotation mark is never closed: everything behind it would vanish into one cell;
    F-02 for more cells than the limits allow, or a cell with more text than a cell holds.
    """
    delimiter = delimiter_of(text)
    ends = text.count("\n") + text.count("\r") - text.count("\r\n")
    check_text(text.count(delimiter) + ends, ends, limits or Limits())
    bulk = read_bulk(text.encode("utf-8", errors="surrogatepass"), delimiter)
    if bulk is not None:
        return _held_by_column(bulk)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as problem:
        unquoted = _unquoted(text, delimiter)
        if unquoted is None:
            if "limit" in str(problem):
                raise long_cell() from None
            raise file_problem(
                "F-01", message="文件里的英文引号不成对，分不清各列", fix="请删去多余的英文引号，或另存为xlsx后重报"
            ) from None
        records = unquoted
    if max(map(len, records), default=0) > MOST_COLUMNS:
        raise too_many_cells(limits or Limits())
    rows: list[list[CellValue]] = [[value or None for value in record] for record in records]
    return Book([Grid("", rows)], is_text=True)


def read_large(data: bytes, limits: Limits) -> tuple[Book, str] | None:
    """The same of a large text in UTF-8, which is never held as one text, with its delimiter.

    None if it is small, not in UTF-8, or anything about it needs the careful reader. Raises FileProblem F-02.
    """
    if not is_large(data) or not is_utf8(data):
        return None
    delimiter = delimiter_of(head_of(data))
    ends = data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
    check_text(data.count(delimiter.encode()) + ends, ends, limits)
    bulk = read_bulk(data, delimiter)
    return None if bulk is None else (_held_by_column(bulk), delimiter)


def _held_by_column(rows: TextRows) -> Book:
    return Book([Grid("", cast("list[list[CellValue]]", rows))], is_text=True)


def delimiter_of(text: str) -> str:
    """The character that cuts most of the first lines into the same number of cells."""
    lines = [line for line in text[:HEAD].splitlines() if line.strip()][:_SAMPLE]

    def regularity(delimiter: str) -> tuple[int, int]:
        try:
            widths = Counter(len(record) for record in csv.reader(lines, delimiter=delimiter) if len(record) > 1)
        except csv.Error:  # a text longer than a cell may be: reading says so
            return 0, 0
        return max(((count, width) for width, count in widths.items()), default=(0, 0))

    return max(_DELIMITERS, key=regularity)


def _unquoted(text: str, delimiter: str) -> list[list[str]] | None:
    """Records with quotation marks as ordinary characters, if that makes all rows but title lines equally wide."""
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=csv.QUOTE_NONE))
    except csv.Error:
        return None
    widths = Counter(len(record) for record in records if record)
    if not widths:
        return None
    width, count = widths.most_common(1)[0]
    return records if width > 1 and count >= 0.9 * sum(widths.values()) else None
