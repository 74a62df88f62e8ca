"""Arrow columns as the CSV that COPY takes: nothing of a large file becomes one object a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

_BLOCK = 65_536
"""Rows that are written out at a time."""


def csv_blocks(
    rows: pa.Table, stamps: Mapping[str, str] | None = None, never_null: Sequence[str] = ()
) -> Iterator[bytes]:
    """The rows as CSV, some thousands at a time; the next are written out while the server takes the last.

    ``stamps`` are columns, before the others, that are the same in all rows. Of the columns ``never_null`` an empty
    field is an empty text: the statement must say so (``force_not_null``).
    """
    with ThreadPoolExecutor(1) as writer:
        waiting = None
        for piece in rows.to_batches(max_chunksize=_BLOCK):
            following = writer.submit(_as_csv, piece, stamps or {}, never_null)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()


def fixed_texts(texts: str, width: int) -> pa.StringArray:
    """A column of ASCII texts of one width that stand in one text, one behind the other."""
    return ascii_texts(texts, np.arange(0, len(texts) + 1, width, dtype=np.int64))


def ascii_texts(texts: str, offsets: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.StringArray:
    """A column of ASCII texts, of which each begins at its offset and ends at the next. Raises OverflowError for more
    than a column can hold."""
    if len(texts) >= 2**31:
        raise OverflowError(f"[{len(texts)}] bytes are more than one column of texts holds")
    buffers = [pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(texts.encode("ascii"))]
    return pa.StringArray.from_buffers(len(offsets) - 1, *buffers)


def _as_csv(piece: pa.RecordBatch, stamps: Mapping[str, str], never_null: Sequence[str]) -> bytes:
    constant = {name: pa.repeat(pa.scalar(value), piece.num_rows) for name, value in stamps.items()}
    moving = {name: _writable(piece.column(name)) for name in piece.schema.names}
    table = pa.table({**constant, **moving})
    # A null is an empty field, an empty text a quoted one; quotes cost the server time, so only where they must be.
    if not any(_has_empty(column) for name, column in moving.items() if name not in never_null):
        try:
            return _write(table, "none")
        except pa.ArrowInvalid:  # a separator, quotation mark or line break somewhere in a text
            pass
    return _write(table, "needed")


def _write(table: pa.Table, quoting: str) -> bytes:
    sink = pa.BufferOutputStream()
    arrow_csv.write_csv(table, sink, arrow_csv.WriteOptions(include_header=False, quoting_style=quoting))
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]  # Arrow is untyped


def _has_empty(column: pa.Array) -> bool:
    return bool(pa.types.is_string(column.type) and pc.min(pc.binary_length(column)).as_py() == 0)


def _writable(column: pa.Array) -> pa.Array:
    """Lists as PostgreSQL writes arrays; everything else as it is."""
    if not pa.types.is_list(column.type):
        return column
    return pa.array([None if items is None else _array(items) for items in column.to_pylist()], pa.string())


def _array(items: Sequence[str]) -> str:
    quoted = (item.replace("\\", "\\\\").replace('"', '\\"') for item in items)
    return "{" + ",".join(f'"{item}"' for item in quoted) + "}"
