"""How each department writes its file, read from ``offices/*.yaml``: constant over the months, as real offices are.

Titles, code labels and file prefixes come from the contracts: the offices only choose among them. ``headers`` picks one
of the accepted headers by position (0 is the title).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from hearth.period import Period
from ingestion.contract import Column, Contract, Demand, Header
from ingestion.normalise.text import nfkc
from ingestion.sample.catalogue import kinds

OFFICES = Path(__file__).parent / "offices"
STRAYS_YAML = Path(__file__).parent / "strays.yaml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DefectPlan(_Strict):
    """One kind of fault that slips into this department's files; ``kinds/*.yaml`` says which rule is to find it."""

    kind: str
    column: str | None = None
    """Canonical name of the cell that is wrong; None only where the kind needs no cell."""
    values: Mapping[str, str] = Field(default_factory=dict)
    """For what overwrites: canonical name -> text written instead (empty: a blank cell).
    For what swaps or moves: the other cell concerned, without a text."""
    where: Mapping[str, Any] = Field(default_factory=dict)
    """Which rows can have the fault; see ``changes.py``."""


class Slip(_Strict):
    """A row that is read and taken, though something in it asks for a question: the rule of its kind warns."""

    kind: str
    change: Mapping[str, Any] = Field(default_factory=dict)
    """Canonical name -> what is written; see ``changes.py``."""
    where: Mapping[str, Any] = Field(default_factory=dict)
    written: Mapping[str, str] = Field(default_factory=dict)
    """Canonical name -> another way of writing the same; see ``disguises.py``."""
    rows: int = 1
    """Rows that must have it together for the rule to see it."""


class BadFile(_Strict):
    """A file that cannot be taken as a whole."""

    fault: str
    """A kind of ``kinds/*.yaml``."""
    file: str
    month: int | None = None
    """The month of the year in which it is sent; None: once, in the first month of the run."""
    column: str | None = None

    @property
    def rule(self) -> str:
        """The rule that refuses it."""
        return kinds()[self.fault].rule

    def is_due(self, period: Period, *, is_first: bool) -> bool:
        """Sent in the month."""
        return is_first if self.month is None else period.month == self.month


class Again(_Strict):
    """The month's file is sent a second time: the same bytes, or with rows put right."""

    kind: Literal["same_file_twice", "corrected"]
    file: str
    """Name of the second file; a correction's comes after the first one's by letters, as files of one moment do."""
    month: int
    """The month of the year in which it happens."""


class OldForm(_Strict):
    """What the office's file looked like before it changed its form."""

    until: str
    """The first month of the new form."""
    change: Mapping[str, Any]
    """Parts of the habit that were otherwise."""


class Group(_Strict):
    """A merged parent header over neighbouring columns."""

    title: str
    columns: tuple[str, ...]


class Habit(_Strict):
    """One feed's file. Column titles come from the contract; `headers` only chooses among them by position."""

    subject: str
    file: str
    prefix: int = 0
    format: Literal["xlsx", "xls", "csv", "tsv", "html"]
    optional: tuple[str, ...] = ()
    """Optional columns of the contract that the office sends; every other column of the contract is always sent."""
    headers: Mapping[str, int] = Field(default_factory=dict)
    """Canonical name -> which of the contract's accepted headers is printed (0: the title)."""
    styles: Mapping[str, str] = Field(default_factory=dict)
    """Kind or canonical name -> how values are written; see ``cells.py``."""
    has_serial: bool = False
    is_text_only: bool = False
    """Numbers are written as text, as system exports do."""
    has_units: bool = False
    """Units in brackets after the titles."""
    is_in_wan: bool = False
    """Money is written in 万元, as a title row says."""
    is_starred: bool = False
    """Required columns carry a `*`."""
    titles: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    footers: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()
    """Columns summed in a 合计 row."""
    has_township_sheets: bool = False
    has_township_rows: bool = False
    empty_sheets: tuple[str, ...] = ()
    encoding: str = "utf-8"
    newline: Literal["\n", "\r\n"] = "\n"
    wraps_cells: bool = False
    """Text cells look like `="…"`."""
    defects: tuple[DefectPlan, ...] = ()
    slips: tuple[Slip, ...] = ()
    wholly_bad: tuple[BadFile, ...] = ()
    again: tuple[Again, ...] = ()
    late_month: int | None = None
    """The month of the year whose file comes after the next month's."""
    unsent_month: int | None = None
    """The month of the year whose file never comes."""
    old_form: OldForm | None = None

    def is_unsent(self, period: Period) -> bool:
        """The office forgets the month."""
        return period.month == self.unsent_month

    def at(self, period: Period) -> Habit:
        """The habit as it was in a month."""
        if self.old_form is None or period >= Period.parse(self.old_form.until):
            return self
        return Habit.model_validate({**self.model_dump(), **self.old_form.change})

    def of_the_file(self, period: Period) -> tuple[str, ...]:
        """Kinds that the month's file is an example of, as a whole."""
        is_old = self.old_form is not None and period < Period.parse(self.old_form.until)
        is_late = period.month == self.late_month
        return (*(("another_form",) if is_old else ()), *(("late",) if is_late else ()))

    def second(self, period: Period) -> Again | None:
        """The second file of the month; None in most months."""
        return next((again for again in self.again if again.month == period.month), None)

    def bad_files(self, period: Period, *, is_first: bool) -> list[BadFile]:
        """Files of the month that cannot be taken as a whole."""
        return [bad for bad in self.wholly_bad if bad.is_due(period, is_first=is_first)]

    def columns(self, contract: Contract) -> list[Column]:
        """Columns of the file in the contract's order. Raises ValueError for an optional name the contract lacks."""
        unknown = [name for name in (*self.optional, *self.headers) if name not in contract.by_name]
        if unknown:
            raise ValueError(f"habit of [{contract.feed_id}] names columns the contract lacks: {unknown}")
        sent = [
            column
            for column in contract.columns
            if column.loaded and (column.demand is not Demand.OPTIONAL or column.name in self.optional)
        ]
        serial = [column for column in contract.columns if column.name == "serial_no" and self.has_serial]
        return serial + sent

    def header(self, column: Column) -> Header:
        """The accepted header this office prints."""
        return column.headers[self.headers.get(column.name, 0)]

    def title(self, column: Column) -> str:
        """Header as printed, with unit and mark."""
        text = self.header(column).text
        if self.has_units and column.unit and not nfkc(text).endswith(")"):
            text += f"（{column.unit}）"
        is_required = column.demand in {Demand.KEY, Demand.VALUE}
        return f"*{text}" if self.is_starred and is_required else text


class Stray(_Strict):
    """A file in the folder of a department that no contract knows."""

    department: str
    file: str
    fault: str


class Habits(_Strict):
    """All offices, and the files nobody asked for."""

    feeds: Mapping[str, Habit]
    strays: tuple[Stray, ...]


@cache
def habits() -> Habits:
    """The habits of all departments. Raises pydantic.ValidationError for an unknown key or value."""
    feeds: dict[str, object] = {}
    for path in sorted(OFFICES.glob("*.yaml")):
        feeds |= yaml.safe_load(path.read_text(encoding="utf-8"))
    return Habits.model_validate({"feeds": feeds, "strays": yaml.safe_load(STRAYS_YAML.read_text(encoding="utf-8"))})
