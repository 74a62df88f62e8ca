"""A second, corrected version of a month's file: what the office puts right of what it wrote first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingestion.sample.cells import Cell
from ingestion.sample.defects import is_joint
from ingestion.sample.layouts import Row

_FIRST = "/first"

LEFT_EVERY = 3
"""Every so-manieth faulty row of a block is overlooked."""


def first_version(feed_id: str) -> str:
    """What the file is called, among the files of a month, that a correction of the feed's file supersedes."""
    return f"{feed_id}{_FIRST}"


def feed_of(name: str) -> str:
    """The feed of a file of a month, of the first version and of the one that counts."""
    return name.removesuffix(_FIRST)


def cells_of(rows: Sequence[Row]) -> dict[int, dict[str, Cell]]:
    """What stands in the rows before faults are planted in them, by row object."""
    return {id(row): dict(row.cells) for row in rows}


def corrected(planted: Sequence[Row], before: Mapping[int, Mapping[str, Cell]]) -> list[Row]:
    """A block's rows again with most faults put right: rows that a fault had added are gone, a few faults stay.

    `planted` stays as it is: new rows are made, which have no address yet.
    """
    rows: list[Row] = []
    alone = 0
    for row in planted:
        joint = any(is_joint(fault.kind) for fault in row.faults)
        alone += bool(row.faults) and not joint
        stays = bool(row.faults) and not joint and alone % LEFT_EVERY == 0
        if not row.faults or stays:
            rows.append(Row(dict(row.cells), row.township, row.is_plain, list(row.faults), record=row.record))
        elif id(row) in before:
            rows.append(Row(dict(before[id(row)]), row.township, row.is_plain, record=row.record))
    return rows
