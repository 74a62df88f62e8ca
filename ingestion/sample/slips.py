"""Rows that are taken although something in them asks for a question: a sum that is off, an age that does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from random import Random

from hearth.period import Period
from ingestion.contract import Contract
from ingestion.sample.accepted_rows import ID_COLUMNS
from ingestion.sample.changes import Change, changed, fits
from ingestion.sample.habits import Habit, Slip
from ingestion.sample.records import Note, Record

SHARE = 0.02
"""Share of a file's rows with a slip."""

ONE_FROM = 8
"""A file of this many rows has at least one."""

ROUNDS = 3
"""At most so many rows per kind and block."""


def allowed(rows: int) -> int:
    """Rows with a slip in a file of so many rows."""
    return max(int(rows * SHARE), 1 if rows >= ONE_FROM else 0)


def _check(habit: Habit, contract: Contract) -> None:
    sent = {column.name for column in habit.columns(contract)}
    for slip in habit.slips:
        if missing := sorted({*slip.change, *slip.written} - sent):
            raise ValueError(f"slip [{slip.kind}] of [{contract.feed_id}] writes columns that are not sent: {missing}")


def retold(record: Record, change: Change, period: Period, note: Note) -> Record:
    """The record with something else written in it; whoever was meant by an ID number is still meant."""
    meant = record.meant or next((str(record.values[name]) for name in ID_COLUMNS if name in change), None)
    values = changed(record.values, change, period)
    return replace(record, values=values, notes=(*record.notes, note), meant=meant)


def _apply(record: Record, slip: Slip, period: Period) -> Record:
    column = next(iter({**slip.change, **slip.written}))
    return replace(retold(record, slip.change, period, Note(slip.kind, column)), disguise=slip.written)


def let_slip(
    records: Sequence[Record], habit: Habit, contract: Contract, period: Period, *, rng: Random, before: int
) -> list[Record]:
    """A block's records with the office's slips in them; `before`: rows of the file in earlier blocks.

    Only rows of which no story is told, each at most once. Raises ValueError for a slip in a column that is not sent.
    """
    _check(habit, contract)
    written, slips = list(records), habit.slips
    done = allowed(before)
    budget = allowed(before + len(records)) - done
    free = [position for position, record in enumerate(records) if not record.notes]
    rng.shuffle(free)
    start = ((period.month - 9) % 12 * budget + done) % len(slips) if slips else 0
    exhausted: set[int] = set()  # a slip that finds too few rows finds no more of them later
    for slip in (slips[start:] + slips[:start]) * ROUNDS:
        if budget <= 0:
            break
        if id(slip) in exhausted:
            continue
        fitting = (position for position in free if fits(records[position].values, slip.where, period))
        able = list(islice(fitting, slip.rows))
        if len(able) < slip.rows:
            exhausted.add(id(slip))
            continue
        for position in able:
            written[position] = _apply(records[position], slip, period)
            free.remove(position)
        budget -= slip.rows
    return written
