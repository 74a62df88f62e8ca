"""One office at one month's end: its contract, its habits, its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from hearth.period import Period
from ingestion.contract import Column, Contract
from ingestion.sample.cells import write_rows
from ingestion.sample.disguises import disguise
from ingestion.sample.formats import fitting
from ingestion.sample.habits import Habit
from ingestion.sample.layouts import Row
from ingestion.sample.places import Place
from ingestion.sample.records import Record
from ingestion.sample.slips import let_slip
from ingestion.sample.state import State
from ingestion.sample.stories import told
from ingestion.sample.subjects import SUBJECTS


@dataclass(frozen=True, slots=True)
class Desk:
    """What an office needs to know to write a file; `stated`: the month its titles name, if it is another."""

    contract: Contract
    habit: Habit
    period: Period
    where: Sequence[Place]
    """All villages of the county."""
    seed: int
    stated: Period | None = None

    @property
    def columns(self) -> list[Column]:
        return self.habit.columns(self.contract)

    def rng(self, purpose: str) -> Random:
        """A stream of its own."""
        return Random(f"{self.seed}/{self.contract.feed_id}/{self.period}/{purpose}")  # noqa: S311 - invented data

    def fill(self, template: str) -> str:
        """A title, footer or file name with its words put in."""
        month = self.stated or self.period
        sent = month.shift(1)
        return template.format(
            title=self.contract.title,
            office=self.contract.department_title,
            county=self.where[0].county,
            year=month.year,
            month=month.month,
            period=month,
            sent=f"{sent.year}年{sent.month}月4日",
            prefix=self.contract.file_prefixes[self.habit.prefix],
        )

    def fitting(self, rows: int) -> Desk:
        """The same office, in a format whose sheets hold so many rows."""
        return replace(self, habit=fitting(self.habit, rows))

    def truth(self, state: State) -> list[Record]:
        """What the office would have to write of a block if it knew everything."""
        return SUBJECTS[self.habit.subject](state)

    def rows(self, state: State, truth: Sequence[Record]) -> list[Row]:
        """A block's rows of the month as the office writes them: each readable, not each of them so."""
        records = let_slip(
            told(state, self.habit.subject, truth),
            self.habit,
            self.contract,
            self.period,
            rng=self.rng(f"slips/{state.block.position}"),
            before=state.block.serials.start,
        )
        cells = write_rows(self.habit, self.columns, records)
        return [
            Row(disguise(each, record.disguise), record.place.township, record.is_plain, record=record)
            for each, record in zip(cells, records, strict=True)
        ]
