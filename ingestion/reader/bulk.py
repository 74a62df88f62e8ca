"""Large text files, split into columns by a compiled reader. The outcome is that of `read_delimited`, or none."""

from __future__ import annotations

import csv
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from ingestion.columns import combine
from ingestion.reader.guards import LONGEST_CELL, MOST_COLUMNS
from ingestion.reader.text_rows import TextRows
from ingestion.table import CellValue

BULK_BYTES = 1 << 20
"""Smaller files are read row by row: they gain nothing."""
_BLOCK = 8 << 20
_SAMPLE = 60
HEAD = 200_000
"""Characters from which the form of a text is told."""
_LONGEST_CHARACTER = 4
"""Bytes in UTF-8."""
_MOST_UNEVEN = 1_000
"""More rows than this of another width than the others, and the file is read row by row."""
_QUOTE = 0x22


def is_large(data: bytes) -> bool:
    """Whether reading by column gains anything."""
    return len(data) >= BULK_BYTES


def read_bulk(data: bytes, delimiter: str) -> TextRows | None:
    """The records of a large text in UTF-8; None if it is small or anything about it needs the careful reader."""
    if not is_large(data):
        return None
    width = _usual_width(head_of(data), delimiter)
    if (
        not 2 <= width <= MOST_COLUMNS
        or data.count(b"\r") != data.count(b"\r\n")
        or not _is_well_quoted(data, delimiter)
    ):
        return None
    return _split(data, delimiter, width)


def head_of(data: bytes) -> str:
    """The first characters of a text in UTF-8."""
    return data[: HEAD * _LONGEST_CHARACTER].decode("utf-8", errors="ignore")[:HEAD]


def _usual_width(text: str, delimiter: str) -> int:
    """Cells of most of the first records."""
    lines = [line for line in text.splitlines() if line.strip()][:_SAMPLE]
    try:
        widths = Counter(len(record) for record in csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return 0
    return widths.most_common(1)[0][0] if widths else 0


def _is_well_quoted(data: bytes, delimiter: str) -> bool:
    """Every quotation mark opens a cell at its start, closes it at its end, or is doubled inside.

    Counted from the start, marks open and close in turn; a doubled one closes and opens again at once.
    """
    if b'"' not in data:
        return True
    characters = np.frombuffer(data, np.uint8)
    marks = np.flatnonzero(characters == _QUOTE)
    if len(marks) % 2:
        return False
    ends = np.zeros(256, np.bool_)
    ends[[ord(delimiter), 0x0A, 0x0D, _QUOTE]] = True
    opening, closing = marks[::2], marks[1::2]
    before = ends[characters[np.maximum(opening - 1, 0)]] | (opening == 0)
    after = ends[characters[np.minimum(closing + 1, len(characters) - 1)]] | (closing == len(characters) - 1)
    return bool(before.all() and after.all() and _doubles_meet(opening, closing, characters))


def _doubles_meet(opening: npt.NDArray[Any], closing: npt.NDArray[Any], characters: npt.NDArray[Any]) -> bool:
    """A mark behind a closing one is the opening one of a doubled mark, and the other way round."""
    touching = characters[np.maximum(opening - 1, 0)] == _QUOTE
    touching[0] &= opening[0] > 0
    return bool((closing[:-1][touching[1:]] == opening[1:][touching[1:]] - 1).all() and not touching[0])


def _split(data: bytes, delimiter: str, width: int) -> TextRows | None:
    uneven: dict[int, list[CellValue]] = {}

    def keep(row: Any) -> str:
        if len(uneven) >= _MOST_UNEVEN:
            return "error"
        try:
            (cells,) = csv.reader([row.text], delimiter=delimiter, strict=True) if row.text else ([],)
        except (csv.Error, ValueError):
            return "error"
        uneven[row.number - 1] = [cell or None for cell in cells]
        return "skip"

    names = [str(number) for number in range(width)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=_BLOCK),
            arrow_csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=keep,
            ),
            arrow_csv.ConvertOptions(
                check_utf8=False,
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        return None
    columns = [combine(column) for column in table.columns]
    is_wide = any(len(cells) > MOST_COLUMNS for cells in uneven.values())
    if is_wide or any(_longest(cells) > LONGEST_CELL for cells in columns):
        return None
    return TextRows(columns, uneven)


def _longest(cells: pa.StringArray) -> int:
    """Bytes of the longest cell."""
    longest = pc.max(pc.binary_length(cells)).as_py()
    return longest or 0
