"""Data rows of a sheet that is held by column: those that plainly are data all at once, the others one by one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.columns import ColumnRows, Flags, Positions, as_flags
from ingestion.normalise.text import as_text, is_blank
from ingestion.reader.body import NUMBERED, RowSorter
from ingestion.reader.headers import Layout, header_key
from ingestion.reader.text_rows import TextRows
from ingestion.reader.words import is_line

_ODD_START = np.ones(256, np.bool_)
_ODD_START[0x21:0x7F] = False
_ODD_START[0xE4:0xEA] = False
"""First bytes that white space may begin with; all but printable ASCII and most Han characters."""


def sort_rows(rows: TextRows, layout: Layout, sorter: RowSorter) -> tuple[Positions, int]:
    """0-based numbers of the data rows, and how many rows with something in them were left out."""
    start = layout.last + 1
    is_data = np.zeros(len(rows), np.bool_)
    sure, asked = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.bool_)
    sure[rows.even], asked[rows.even] = _plain(rows, sorter)
    asked[list(rows.uneven)] = True
    excluded = 0
    top = start
    while top < len(rows):  # up to the first data row every row may be a hint on how to fill the form
        verdict = sorter.judge(top, rows[top], is_top=True)
        excluded += verdict is False
        top += 1
        if verdict:
            is_data[top - 1] = True
            break
    is_data[top:] = sure[top:]
    for row in (np.flatnonzero(asked[top:]) + top).tolist():
        verdict = sorter.judge(row, rows[row], is_top=False)
        excluded += verdict is False
        is_data[row] = verdict is True
    return np.flatnonzero(is_data), excluded


def _plain(rows: TextRows, sorter: RowSorter) -> tuple[Flags, Flags]:
    """Of the even rows: which are data beyond doubt, and which must be looked at. Empty rows are neither."""
    size = len(rows.even)
    filled = [as_flags(cells.is_valid()) for cells in rows.columns]
    counts = np.sum(filled, axis=0, dtype=np.int32) if filled else np.zeros(size, np.int32)
    odd, loaded = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    for cells, there in zip(rows.columns, filled, strict=True):
        odd |= _starts_oddly(cells) & there
    for c in sorter.loaded:
        if c < len(filled):
            loaded |= filled[c]
    said = np.zeros(size, np.bool_)
    for c in sorter.keys:
        if c < len(filled):
            said |= _speaks(rows.columns[c])
    sure = (counts >= 2) & loaded & said & ~odd & ~_begins_like_header(rows, filled, sorter)
    return sure, (counts > 0) & ~sure


def _starts_oddly(cells: pa.StringArray) -> Flags:
    _, offsets_buffer, data_buffer = cells.buffers()
    if data_buffer is None or data_buffer.size == 0:
        return np.zeros(len(cells), np.bool_)
    offsets = np.frombuffer(offsets_buffer, np.int32, len(cells) + 1, cells.offset * 4)
    data = np.frombuffer(data_buffer, np.uint8)
    flags: Flags = _ODD_START[data[np.minimum(offsets[:-1], len(data) - 1)]]
    return flags


def _numbered(cells: pa.StringArray) -> Flags:
    return as_flags(pc.match_substring_regex(cells, NUMBERED.pattern).fill_null(False))


def _speaks(cells: pa.StringArray) -> Flags:
    """Which key cells say something that is neither a blank nor the word of a total or note line."""
    flags = _numbered(cells)
    rest = np.flatnonzero(~flags & as_flags(cells.is_valid()))
    if len(rest):
        encoded = cells.take(pa.array(rest)).dictionary_encode()
        speaking = [
            not is_blank(text, nothing_is_blank=True) and not is_line(text) for text in encoded.dictionary.to_pylist()
        ]
        flags[rest] = np.array(speaking, np.bool_)[encoded.indices.to_numpy(zero_copy_only=False)]
    return flags


def _begins_like_header(rows: TextRows, filled: list[Flags], sorter: RowSorter) -> Flags:
    """Rows whose first filled cell is a word of the header."""
    words = sorter.header_words
    has_numbered = any(NUMBERED.match(word) for word in words)
    suspect = np.zeros(len(rows.even), np.bool_)
    before = np.zeros(len(rows.even), np.bool_)
    for cells, there in zip(rows.columns, filled, strict=True):
        places = np.flatnonzero(there & ~before)
        if len(places):
            firsts = cells if len(places) == len(cells) else cells.take(pa.array(places))
            if not has_numbered:
                open_ones = np.flatnonzero(~_numbered(firsts))
                places, firsts = places[open_ones], firsts.take(pa.array(open_ones))
            encoded = firsts.dictionary_encode()
            like = [header_key(as_text(text)) in words for text in encoded.dictionary.to_pylist()]
            if any(like):
                suspect[places] = np.array(like, np.bool_)[encoded.indices.to_numpy(zero_copy_only=False)]
        before |= there
        if before.all():
            break
    return suspect


def column_rows(
    rows: TextRows, numbers: Positions, sheet: str, places: dict[str, int], unknown: dict[int, str]
) -> ColumnRows:
    """The data rows at ``numbers``: contract columns by name, other columns by header."""
    even = np.searchsorted(rows.even, numbers)
    apart = np.isin(numbers, list(rows.uneven))
    order = even.copy()
    own = [rows.uneven[number] for number in numbers[apart].tolist()]
    order[apart] = len(rows.even) + np.arange(len(own))
    order = pa.array(order)

    def column(c: int) -> pa.StringArray:
        cells = rows.columns[c] if c < len(rows.columns) else pa.nulls(len(rows.even), pa.string())
        if own:
            others = pa.array([row[c] if c < len(row) else None for row in own], pa.string())
            cells = pa.concat_arrays([cells, others])
        return cells.take(order)

    return ColumnRows(
        sheet,
        (numbers + 1).astype(np.int64),
        {name: column(c) for name, c in places.items()},
        {text: column(c) for c, text in unknown.items()},
    )


def filled_counts(rows: TextRows, numbers: Positions, columns: list[int]) -> dict[int, int]:
    """In how many of the data rows each column has something."""
    held = column_rows(rows, numbers, "", {str(c): c for c in columns}, {}).columns
    return {c: len(numbers) - pa.array(held[str(c)], pa.string()).null_count for c in columns}
