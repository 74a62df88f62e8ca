"""One office at one month's end: its contract, its habits, its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from hearth.period import Period
from ingestion.contract import Column, Contract
from ingestion.sample.cells import write_rows
from ingestion.sample.formats import fitting
from ingestion.sample.habits import Habit
from ingestion.sample.layouts import Row
from ingestion.sample.places import Place
from ingestion.sample.state import State
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

    def rows(self, state: State) -> list[Row]:
        """A block's rows of the month as the office writes them, without faults."""
        records = SUBJECTS[self.habit.subject](state)
        cells = write_rows(self.habit, self.columns, records)
        return [
            Row(each, record.place.township, record.is_plain, record=record)
            for each, record in zip(cells, records, strict=True)
        ]
