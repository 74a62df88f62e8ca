"""Rows that come twice (GEN-30, S-12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from ingestion.columns import Flags, Positions, address_of, as_flags, cell_of, group_codes, repeated
from ingestion.normalise.draft import Draft
from ingestion.normalise.text import as_text
from ingestion.table import RawRow

_PORTION = 20_000
"""Rows of groups are compared this many at a time: a file sent twice over must not become objects all at once."""


def find_duplicates(draft: Draft, merged: Flags) -> Flags:
    """Rows to leave out because an identical one stands before them.

    Rows of one key that differ are all refused: which of them is right only the sender knows. A key with a placeholder
    in it names nobody, so rows that share it are not duplicates unless they are identical. Rows flagged in `merged` are
    part of another already.
    """
    dropped = np.zeros(draft.size, np.bool_)
    keys = [column.name for column in draft.context.contract.key]
    if not keys:
        return dropped
    candidates = ~merged
    for name in keys:
        candidates &= as_flags(draft.values[name].is_valid())
    positions = np.flatnonzero(candidates)
    places = pa.array(positions)
    codes = group_codes([draft.values[name].take(places) for name in keys])
    again = repeated(codes)
    positions, codes = positions[again], codes[again]
    order = np.argsort(codes, kind="stable")
    positions, codes = positions[order], codes[order]
    ends = np.flatnonzero(np.diff(codes)) + 1
    groups = np.split(positions, ends) if len(positions) else []
    groups.sort(key=lambda group: int(group[0]))
    portion: list[Positions] = []
    size = 0
    for group in groups:
        portion.append(group)
        size += len(group)
        if size >= _PORTION:
            _judge(draft, keys, portion, dropped)
            portion, size = [], 0
    _judge(draft, keys, portion, dropped)
    return dropped


def _judge(draft: Draft, keys: list[str], groups: Sequence[Positions], dropped: Flags) -> None:
    """Groups of rows with one key: copies are dropped, contradictions reported."""
    if not groups:
        return
    rows, by_name = draft.context.raw.rows, draft.context.contract.by_name
    contents = iter(_contents(draft, np.concatenate(groups)))
    placeholders = {
        name: as_flags(parts.is_placeholder) for name in keys if (parts := draft.parts.get(name)) is not None
    }
    for group in groups:
        distinct: dict[tuple[Any, ...], list[int]] = {}
        for position in group.tolist():
            distinct.setdefault(next(contents), []).append(position)
        for first, *copies in distinct.values():
            if copies:
                dropped[copies] = True
                message = f"与{_list(rows, copies)}内容完全相同，只保留一行"
                draft.report(first, "S-12", "info", columns=tuple(keys), message=message, fix="请在源表中删去重复行")
        heads = [same[0] for same in distinct.values()]
        if len(heads) > 1 and not any(flags[position] for position in heads for flags in placeholders.values()):
            titles = "+".join(by_name[name].title for name in keys)
            for position in heads:
                others = [other for other in heads if other != position]
                message = f"“{titles}”与{_list(rows, others)}重复，但内容不同"
                draft.report(position, "S-12", "error", columns=tuple(keys), message=message)


def _contents(draft: Draft, positions: Positions) -> list[tuple[Any, ...]]:
    """Everything that is loaded of each row; of cells that could not be read, what was sent."""
    rows = draft.context.raw.rows
    places = pa.array(positions)
    columns: list[list[Any]] = []
    for column in draft.context.contract.columns:
        if not column.loaded:
            continue
        cells = draft.values[column.name].take(places).to_pylist()
        closed = draft.closed(column.name)[positions]
        columns.append(
            [
                as_text(cell_of(rows, position, column.name))
                if is_closed
                else tuple(cell)
                if isinstance(cell, list)
                else cell
                for position, cell, is_closed in zip(positions.tolist(), cells, closed.tolist(), strict=True)
            ]
        )
    return list(zip(*columns, strict=True))


def _list(rows: Sequence[RawRow], positions: list[int]) -> str:
    """``第3、17行``, with the sheet where there is one."""
    addresses = [address_of(rows, position) for position in positions[:5]]
    names = [f"{sheet} {row}".strip() for sheet, row in addresses]
    more = f"等{len(positions)}行" if len(positions) > 5 else "行"
    return f"第{'、'.join(names)}{more}"
