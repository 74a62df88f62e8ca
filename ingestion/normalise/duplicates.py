"""Rows that come twice (GEN-30, S-12)."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from ingestion.normalise.draft import Draft
from ingestion.normalise.text import as_text
from ingestion.table import RawRow


def find_duplicates(draft: Draft, placeholders: set[tuple[int, str]], merged: Set[int] = frozenset()) -> set[int]:
    """Positions of rows to leave out because an identical one stands before them.

    Rows of one key that differ are all refused: which of them is right only the sender knows. A key with a placeholder
    in it names nobody, so rows that share it are not duplicates unless they are identical. Rows at `merged` are part of
    another already.
    """
    contract = draft.context.contract
    rows = draft.context.raw.rows
    keys = [column.name for column in contract.key]
    if not keys:
        return set()
    groups: dict[tuple[Any, ...], list[int]] = {}
    for position, key in enumerate(zip(*(draft.values[name] for name in keys), strict=True)):
        if None not in key and position not in merged:
            groups.setdefault(key, []).append(position)
    dropped: set[int] = set()
    for positions in groups.values():
        if len(positions) < 2:
            continue
        distinct: dict[tuple[Any, ...], list[int]] = {}
        for position in positions:
            distinct.setdefault(_content(draft, position), []).append(position)
        for first, *copies in distinct.values():
            if copies:
                dropped.update(copies)
                message = f"与{_list(rows, copies)}内容完全相同，只保留一行"
                draft.report(first, "S-12", "info", columns=tuple(keys), message=message, fix="请在源表中删去重复行")
        heads = [same[0] for same in distinct.values()]
        if len(heads) > 1 and not any((position, name) in placeholders for position in heads for name in keys):
            titles = "+".join(contract.by_name[name].title for name in keys)
            for position in heads:
                others = [other for other in heads if other != position]
                message = f"“{titles}”与{_list(rows, others)}重复，但内容不同"
                draft.report(position, "S-12", "error", columns=tuple(keys), message=message)
    return dropped


def _content(draft: Draft, position: int) -> tuple[Any, ...]:
    """Everything that is loaded of a row; of cells that could not be read, what was sent."""
    row = draft.context.raw.rows[position]
    content: list[Any] = []
    for column in draft.context.contract.columns:
        if not column.loaded:
            continue
        value = draft.values[column.name][position]
        if (position, column.name) in draft.faulty:
            value = as_text(row.cells.get(column.name))
        content.append(tuple(value) if isinstance(value, list) else value)
    return tuple(content)


def _list(rows: tuple[RawRow, ...], positions: list[int]) -> str:
    """``第3、17行``, with the sheet where there is one."""
    names = [f"{rows[position].sheet} {rows[position].row}".strip() for position in positions[:5]]
    more = f"等{len(positions)}行" if len(positions) > 5 else "行"
    return f"第{'、'.join(names)}{more}"
