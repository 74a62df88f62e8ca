"""Stories: what one office says of a household or a village for some months and is not so, and when it is put right.

They live in a block and are drawn from its own stream, so a month never depends on which other months are asked for.
The truth is the state's; a story only changes what is written of it. Told are they by ``stories/*.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from hearth.period import Period
from ingestion.sample.accepted_rows import ID_COLUMNS
from ingestion.sample.casts import CASTS
from ingestion.sample.changes import changed, fits
from ingestion.sample.population import EPOCH, Household
from ingestion.sample.records import Note, Record, Value

if TYPE_CHECKING:
    from ingestion.sample.people import Person
    from ingestion.sample.state import State

ROOT = Path(__file__).parent / "stories"

EVERY = 5
"""A plot begins anew every so many months."""

PER_THOUSAND = 0.8
"""Households per thousand of whom a plot is told anew each time; in the county at least one."""

VILLAGE = 150
"""Register households of a large village. Stories of villages are counted by villages where they are larger still: a
story says something in every row of its village, so that a county of a million would else speak of little else."""

_TRIES = 3_000
"""Random looks for somebody of whom a story can be told."""


class Plot(BaseModel):
    """One kind of story, as the data file has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cast: str
    by: Literal["household", "village"] = "household"
    lasts: int
    """Months; 0: as long as the sample."""
    begins: tuple[int, ...] = ()
    """Months of the year; none: every `EVERY` months, each plot in its own."""
    tells: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    """Subject -> what its office writes instead of the truth."""
    drops: tuple[str, ...] = ()
    """Subjects whose office has no row."""
    right: tuple[str, ...] = ()
    """Subjects whose rows have it right."""
    where: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    """Subject -> the rows that are meant."""
    waits: int = 0
    """So many months in a row it must have been told before, until a rule over months can speak of it."""
    shows: tuple[int, ...] = ()
    """Months of the year in which a rule can speak of it; none: in all."""
    after_a_year: bool = False
    """A rule needs every month of the year before."""

    @property
    def subjects(self) -> set[str]:
        return {*self.tells, *self.drops, *self.right}

    def shown_in(self, told: Set[str], known: Set[str]) -> set[str]:
        """Of the months in which it is told, those in which a rule can speak of it. `known`: months there are."""
        found = set()
        for text in told:
            month = Period.parse(text)
            run = {str(month.shift(-back)) for back in range(1, self.waits + 1)}
            year = {str(Period(month.year - 1, at)) for at in range(1, 13)} if self.after_a_year else set()
            if run <= told and year <= known and (not self.shows or month.month in self.shows):
                found.add(text)
        return found


@cache
def plots() -> Mapping[str, Plot]:
    """Kind -> plot. Raises ValidationError for an unknown word and ValueError for a cast that nobody knows."""
    found: dict[str, Plot] = {}
    for path in sorted(ROOT.glob("*.yaml")):
        found |= {name: Plot.model_validate(node) for name, node in yaml.safe_load(path.read_text("utf-8")).items()}
    if unknown := sorted({plot.cast for plot in found.values()} - CASTS.keys()):
        raise ValueError(f"casts that casts.py does not know: {unknown}")
    return found


@dataclass(frozen=True, slots=True)
class Story:
    """One plot, told of one household, person or village."""

    kind: str
    serial: str
    home: Household
    names: frozenset[str]
    """ID numbers and the household number by which its rows are known; for a village, its code."""
    appears: Period
    resolved: Period | None
    beside: Mapping[str, Value]
    """What the rows do not hold and the plot may copy."""

    def is_told(self, period: Period) -> bool:
        """Still said in the month, of a household that is still there."""
        is_open = self.appears <= period and (self.resolved is None or period < self.resolved)
        return is_open and self.home.is_active(period)


def _is_due(kind: str, plot: Plot, period: Period) -> bool:
    if plot.begins:
        return period.month in plot.begins
    return (period.months_since(EPOCH) + sum(kind.encode())) % EVERY == 0


def _is_calm(home: Household, period: Period) -> bool:
    """Nothing else happens to the household this month."""
    if home.number is None or not home.is_active(period):
        return False
    return not any(p.left is not None or (p.joined is not None and p.joined[1] == period) for p in home.members)


def _beside(state: State, home: Household) -> dict[str, Value]:
    registered = (other for other in state.households if other.number is not None and other.exists(state.period))
    others = (other for other in islice(registered, 50) if other is not home and other.is_active(state.period))
    spouse = next((person for person in home.present(state.period) if person.relation == "10"), home.head)
    return {"_neighbour": next(others, home).number, "_spouse_id": spouse.id_number, "_spouse_name": spouse.name}


class _Looks:
    """Of whom a plot can be told this month; each household is looked at once, however often chance names it."""

    def __init__(self, period: Period, taken: Iterable[Household]) -> None:
        self._period = period
        self._taken = {id(home) for home in taken}
        self._calm: dict[int, bool] = {}
        self._people: dict[tuple[str, int], Sequence[Person]] = {}

    def people(self, cast: str, home: Household) -> Sequence[Person]:
        """Members whom the cast would take; none where another story is told or something else happens this month."""
        at = id(home)
        if at in self._taken:
            return ()
        is_calm = self._calm.get(at)
        if is_calm is None:
            is_calm = self._calm[at] = _is_calm(home, self._period)
        if not is_calm:
            return ()
        found = self._people.get((cast, at))
        if found is None:
            found = self._people[cast, at] = CASTS[cast](home, self._period)
        return found

    def take(self, home: Household) -> None:
        """From now on a story is told of it."""
        self._taken.add(id(home))


def _cast(state: State, kind: str, plot: Plot, rng: Random, looks: _Looks) -> Story | None:
    homes, period = state.households, state.period
    for _ in range(min(_TRIES, 4 * len(homes))):
        home = rng.choice(homes)
        people = looks.people(plot.cast, home)
        if not people:
            continue
        looks.take(home)
        person = rng.choice(people)
        is_whole = person is home.head or bool({"households", "meters", "taps"} & plot.subjects)
        names = {person.id_number, *([str(home.number), home.head.id_number] if is_whole else [])}
        if plot.by == "village":
            names = {home.place.code}
        resolved = period.shift(plot.lasts) if plot.lasts else None
        serial = f"{kind}/{period}/{home.place.code}/{home.serial}"
        return Story(kind, serial, home, frozenset(names), period, resolved, _beside(state, home))
    return None


def begin(state: State) -> None:
    """Let the month's stories begin, of households of whom no other is told, and forget those that are over."""
    period, block = state.period, state.block
    state.stories = [story for story in state.stories if story.is_told(period)]
    looks = _Looks(period, (story.home for story in state.stories))
    for kind, plot in plots().items():
        if not _is_due(kind, plot, period):
            continue
        rng = Random(f"{state.seed}/story/{kind}/{period}/{block.position}")  # noqa: S311 - invented data, not a secret
        homes, share = len(block.serials), PER_THOUSAND / 1000
        if plot.by == "village":
            homes, share = min(homes, len(block.where) * VILLAGE), PER_THOUSAND / 20_000
        wanted = max(block.at_least(1), int(homes * share + rng.random() * (block.count > 1)))
        for _ in range(wanted):
            story = _cast(state, kind, plot, rng, looks)
            if story is None:  # so few can play it that looking on would find nobody either
                break
            state.stories.append(story)


def _known_as(record: Record) -> Iterator[str]:
    for name in ("household_no", *ID_COLUMNS):
        if record.values.get(name):
            yield str(record.values[name])


def _meant(record: Record, story: Story) -> str:
    """Whom the row truly names: by its ID number, or by the head of the household whose number it gives."""
    named = next((record.values[name] for name in ID_COLUMNS if record.values.get(name)), None)
    return str(named or story.home.head.id_number)


def _tell(record: Record, story: Story, subject: str, period: Period) -> Record | None:
    """The record as the story has it; None: the office has no such row."""
    plot = plots()[story.kind]
    if subject not in plot.subjects or not fits(record.values, plot.where.get(subject, {}), period):
        return record
    if subject in plot.drops:
        return None
    if subject in plot.right:
        note = Note(story.kind, "", story.serial, story.appears, story.resolved, is_true=True)
        return replace(record, notes=(*record.notes, note))
    change = plot.tells[subject]
    if any(record.values.get(name) is None and _needs_value(new) for name, new in change.items()):
        return record
    values = changed({**record.values, **story.beside}, change, period)
    kept = {name: value for name, value in values.items() if name in record.values}
    note = Note(story.kind, next(iter(change)), story.serial, story.appears, story.resolved)
    touches_key = bool({"household_no", *ID_COLUMNS} & change.keys())
    meant = _meant(record, story) if touches_key else record.meant
    return replace(record, values=kept, notes=(*record.notes, note), meant=meant, is_plain=False)


def _needs_value(new: object) -> bool:
    return new == "bump" or (isinstance(new, dict) and next(iter(new)) in {"add", "times", "days", "months", "round"})


def told(state: State, subject: str, records: Iterable[Record]) -> list[Record]:
    """The subject's records as its office writes them this month."""
    mine = [story for story in state.stories if subject in plots()[story.kind].subjects]
    by_name: dict[str, list[Story]] = {}
    for story in mine:
        for name in story.names if story.is_told(state.period) else ():
            by_name.setdefault(name, []).append(story)
    if not by_name:
        return list(records)
    return list(_told(records, by_name, subject, state.period))


def _told(
    records: Iterable[Record], by_name: Mapping[str, Sequence[Story]], subject: str, period: Period
) -> Iterator[Record]:
    for record in records:
        # What is said of the household stands above what is said of everybody in the village.
        stories = {story.serial: story for story in by_name.get(record.place.code, ())}
        stories |= {story.serial: story for name in _known_as(record) for story in by_name.get(name, ())}
        written: Record | None = record
        for story in stories.values():
            written = _tell(written, story, subject, period) if written is not None else None
        if written is not None:
            yield written
