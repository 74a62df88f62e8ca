"""Long layouts: one row per value where the feed has one column per value (property ``spread``)."""

from __future__ import annotations

from typing import Any

from ingestion.normalise.draft import Draft


def spread(draft: Draft) -> None:
    """Put the long layout's value into the column that its row names; a value that is there stays."""
    values, by_name = draft.values, draft.context.contract.by_name
    for column in draft.context.contract.columns:
        if column.spread is None:
            continue
        codes, sources, own = (values[name] for name in (column.spread.by, column.spread.source, column.name))
        for position, code in enumerate(codes):
            if code == column.spread.code and own[position] is None:
                own[position] = sources[position]
                if (position, by_name[column.spread.source].name) in draft.faulty:
                    draft.faulty.add((position, column.name))


def merge_spread(draft: Draft) -> set[int]:
    """Rows of one key that differ in nothing but which value they carry become one; gives the rows so dissolved.

    A row with a fault stays on its own, so that nothing is said of a row the sender cannot find; two values for one
    column are for the duplicate check.
    """
    contract = draft.context.contract
    spreads = [column.name for column in contract.columns if column.spread is not None]
    if not spreads:
        return set()
    shared = [column.name for column in contract.columns if column.loaded and column.name not in spreads]
    faulty = {position for position, _ in draft.faulty}
    first: dict[tuple[Any, ...], int] = {}
    merged: set[int] = set()
    for position in range(len(draft.context.raw.rows)):
        if position in faulty:
            continue
        cells = [draft.values[name][position] for name in shared]
        content = tuple(tuple(cell) if isinstance(cell, list) else cell for cell in cells)
        home = first.setdefault(content, position)
        carried = [name for name in spreads if draft.values[name][position] is not None]
        if home == position or not carried or any(draft.values[name][home] is not None for name in carried):
            continue
        for name in carried:
            draft.values[name][home] = draft.values[name][position]
        merged.add(position)
    return merged
