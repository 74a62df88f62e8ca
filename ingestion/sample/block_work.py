"""A block's part of each month's files. Asks where its rows will stand and gives them, formatted; knows no other block.

The conversation about a month, as a generator so that it can be held in this process or across a pipe:
`Counted` -> `Terms` -> `Planted` -> `Spots` -> `Written`.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hearth.period import Period
from ingestion.contract import Contract, contracts
from ingestion.sample.answer_key import AnswerKey, KeyTables
from ingestion.sample.blocks import OUTSIDER_SHARE, Block
from ingestion.sample.catalogue import kinds
from ingestion.sample.cell_faults import Scene
from ingestion.sample.corrections import cells_of, corrected, feed_of, first_version
from ingestion.sample.defects import plant
from ingestion.sample.desk import Desk
from ingestion.sample.habits import Habit, habits
from ingestion.sample.key_folder import first_listed
from ingestion.sample.layouts import Row
from ingestion.sample.lines import by_township, stretch
from ingestion.sample.manifest import MonthFacts, PlantedDefect
from ingestion.sample.months import block_months
from ingestion.sample.networks import rural_population
from ingestion.sample.office_file import Spot
from ingestion.sample.services import everyone
from ingestion.sample.sheets import Stretch
from ingestion.sample.state import State

EXAMPLE_ROWS = 24
"""Rows of a wholly bad file: enough to be taken for a real one."""


@dataclass(frozen=True, slots=True)
class Run:
    """What is asked for."""

    county_code: str
    households: int
    seed: int
    periods: tuple[Period, ...]
    key: Path | None
    """Folder of the answer key; None: no key is wanted."""
    surrounding: float = OUTSIDER_SHARE
    """Households outside the register, per register household."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows by feed, before faults add some."""

    rows: Mapping[str, int]
    facts: MonthFacts


@dataclass(frozen=True, slots=True)
class Terms:
    """By feed: rows in the blocks before this one, and the format that is written."""

    before: Mapping[str, int]
    habits: Mapping[str, Habit]


Planted = Mapping[str, Sequence[tuple[str, int]]]
"""By file (the feed's, or its first version): townships and rows, as they will stand."""

Spots = Mapping[str, Sequence[Spot]]
"""By file: where each of them stands."""


@dataclass(frozen=True, slots=True)
class Written:
    """By file: rows in the format and what was planted in them. By feed: first rows, for files that are wholly bad."""

    stretches: Mapping[str, Sequence[Stretch]]
    defects: Mapping[str, Sequence[PlantedDefect]]
    remarks: Mapping[str, Sequence[PlantedDefect]]
    faulty: Mapping[str, int]
    examples: Mapping[str, Sequence[Row]]
    key: KeyTables | None


Answer = Terms | Spots
Said = Counted | Planted | Written


@contextmanager
def steady_memory() -> Iterator[None]:
    """No search for garbage while millions of records are made: none of them is in a ring."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _facts(state: State) -> MonthFacts:
    active = [home for home in state.registered if home.is_active(state.period)]
    return MonthFacts(
        period=str(state.period),
        register_households=len(state.registered),
        active_households=len(active),
        register_persons=sum(len(home.present(state.period)) for home in active),
        county_persons=sum(1 for _ in everyone(state)),
        events=dict(sorted(Counter(state.events).items())),
        rural=rural_population(state),
        unsent=tuple(feed_id for feed_id, habit in habits().feeds.items() if habit.is_unsent(state.period)),
    )


def _plant(desk: Desk, state: State, rows: list[Row], before: int) -> list[Row]:
    rng = desk.rng(f"defects/{state.block.position}")
    return plant(rows, Scene(desk.habit, desk.contract, desk.period, desk.where, rng, before))


def _copies(rows: Sequence[Row]) -> list[Row]:
    return [Row(dict(row.cells), row.township, row.is_plain) for row in rows]


def _month(state: State, key: AnswerKey | None, *, is_first: bool) -> Generator[Said, Answer, None]:
    desks = {
        feed_id: Desk(contract, habits().feeds[feed_id].at(state.period), state.period, state.county, state.seed)
        for feed_id, contract in contracts().items()
    }
    truth = {feed_id: desk.truth(state) for feed_id, desk in desks.items()}
    rows = {
        feed_id: desk.rows(state, truth[feed_id])
        for feed_id, desk in desks.items()
        if not desk.habit.is_unsent(state.period)
    }
    terms = yield Counted({feed_id: len(found) for feed_id, found in rows.items()}, _facts(state))
    if not isinstance(terms, Terms):
        raise TypeError(f"expected the terms, not [{type(terms).__name__}]")
    examples = {
        feed_id: _copies(found[:EXAMPLE_ROWS])
        for feed_id, found in rows.items()
        if state.block.position == 0 and desks[feed_id].habit.bad_files(state.period, is_first=is_first)
    }
    if key is not None:
        key.see_month(state)
    parts: dict[str, list[tuple[str, list[Row]]]] = {}
    for feed_id, desk in desks.items():
        if key is not None:
            key.see_truth(feed_id, truth.pop(feed_id))
        if feed_id not in rows:
            continue
        habit = terms.habits[feed_id]
        sent = Desk(desk.contract, habit, desk.period, desk.where, desk.seed)
        again = habit.second(state.period)
        before = cells_of(rows[feed_id]) if again is not None and again.kind == "corrected" else None
        written = _plant(sent, state, rows.pop(feed_id), terms.before[feed_id])
        if before is not None:
            parts[first_version(feed_id)] = by_township(written, habit)
            written = corrected(written, before)
        parts[feed_id] = by_township(written, habit)
    spots = yield {feed_id: [(township, len(part)) for township, part in found] for feed_id, found in parts.items()}
    if isinstance(spots, Terms):
        raise TypeError("expected where the rows will stand, not the terms")
    contracts_of = {feed_id: desk.contract for feed_id, desk in desks.items()}
    yield _write(key, known=contracts_of, chosen=terms.habits, parts=parts, spots=spots, examples=examples)


def _write(
    key: AnswerKey | None,
    *,
    known: Mapping[str, Contract],
    chosen: Mapping[str, Habit],
    parts: dict[str, list[tuple[str, list[Row]]]],
    spots: Spots,
    examples: Mapping[str, Sequence[Row]],
) -> Written:
    """Use up `parts`, file by file; the key sees the version that counts."""
    stretches: dict[str, list[Stretch]] = {}
    defects: dict[str, list[PlantedDefect]] = {}
    remarks: dict[str, list[PlantedDefect]] = {}
    faulty: dict[str, int] = {}
    for name in list(parts):
        feed_id, found = feed_of(name), parts.pop(name)
        habit = chosen[feed_id]
        columns = habit.columns(known[feed_id])
        stretches[name] = [
            stretch(township, part, spot, habit, columns)
            for (township, part), spot in zip(found, spots[name], strict=True)
        ]
        whole = [row for _, part in found for row in part]
        bad = [row for row in whole if row.faults]
        faulty[name] = len(bad)
        defects[name] = [
            PlantedDefect(fault.kind, fault.rule_id, row.sheet, row.number, fault.column)
            for row in bad
            for fault in row.faults
        ]
        remarks[name] = [
            PlantedDefect(note.kind, kinds()[note.kind].rule, row.sheet, row.number, note.column)
            for row in whole
            if row.record is not None and not row.faults
            for note in row.record.notes
        ]
        if key is not None and name == feed_id:
            key.see_rows(feed_id, whole)
    return Written(stretches, defects, remarks, faulty, examples, key.tables() if key is not None else None)


def work(run: Run, block: Block) -> Generator[Said, Answer, None]:
    """The block's conversations about all months asked for, oldest first."""
    key = None
    if run.key is not None:
        key = AnswerKey(run.county_code, first_listed(run.key, block.position, run.periods))
    for state in block_months(block, run.seed, run.periods):
        yield from _month(state, key, is_first=state.period == min(run.periods))
