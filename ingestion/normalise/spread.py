"""Long layouts: one row per value where the feed has one column per value (property ``spread``)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.columns import Flags, as_flags, group_codes, repeated
from ingestion.normalise.draft import Draft, chosen


def spread(draft: Draft) -> None:
    """Put the long layout's value into the column that its row names; a value that is there stays."""
    values = draft.values
    for column in draft.context.contract.columns:
        if column.spread is None:
            continue
        named = as_flags(pc.equal(values[column.spread.by], column.spread.code).fill_null(False))
        flags = named & as_flags(values[column.name].is_null())
        draft.fill(column.name, flags, values[column.spread.source])
        for position in chosen(flags & draft.closed(column.spread.source)):
            draft.close(position, column.name)


def merge_spread(draft: Draft) -> Flags:
    """Rows of one key that differ in nothing but which value they carry become one; gives the rows so dissolved.

    A row with a fault stays on its own, so that nothing is said of a row the sender cannot find; two values for one
    column are for the duplicate check.
    """
    contract = draft.context.contract
    merged = np.zeros(draft.size, np.bool_)
    spreads = [column.name for column in contract.columns if column.spread is not None]
    if not spreads:
        return merged
    shared = [column.name for column in contract.columns if column.loaded and column.name not in spreads]
    positions = np.flatnonzero(repeated(group_codes([draft.values[name] for name in shared])) & ~draft.closed_rows())
    places = pa.array(positions)
    contents = _contents([draft.values[name].take(places) for name in shared], len(positions))
    own = {name: draft.values[name].to_pylist() for name in spreads} if len(positions) else {}
    first: dict[tuple[Any, ...], int] = {}
    for position, content in zip(positions.tolist(), contents, strict=True):
        home = first.setdefault(content, position)
        carried = [name for name in spreads if own[name][position] is not None]
        if home == position or not carried or any(own[name][home] is not None for name in carried):
            continue
        for name in carried:
            own[name][home] = own[name][position]
        merged[position] = True
    if merged.any():
        for name, cells in own.items():
            draft.values[name] = pa.array(cells, draft.values[name].type)
    return merged


def _contents(columns: list[pa.Array], size: int) -> list[tuple[Any, ...]]:
    listed = [[tuple(cell) if isinstance(cell, list) else cell for cell in column.to_pylist()] for column in columns]
    return list(zip(*listed, strict=True)) if listed else [()] * size
