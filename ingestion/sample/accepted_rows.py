"""The rows of a month that are taken, and the ways from them to the households of the register.

Plain Python from the feed specification, not from the SQL that is judged by it. Rows are the generator's true values,
cut down to the columns that the office sent. Rows with a planted fault are as if absent (rule f).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from hearth.period import Period

WAYS = {"id_number": "person", "head_id_number": "head", "holder_id_number": "account"}
"""Columns that name a person, and the name of the way to the household; the first that a row has is its key."""
ID_COLUMNS = tuple(WAYS)

_LEFT = frozenset({"21", "22", "23", "24"})
"""Changes that end a membership, and changes that end a household (the lists number them alike)."""
_SCHOOL_BREAKS = frozenset({2, 7, 8})


@dataclass(slots=True)  # not frozen: a county of a million households makes fifteen million of them
class SentRow:
    """One data row of a good file, with what the generator knows of it."""

    subject: str
    feed_id: str
    period: Period
    sheet: str
    number: int
    values: Mapping[str, Any]
    """True values of the columns that were sent."""
    household_no: str | None
    """The true household; None outside the register."""
    person: str | None
    """The generator's serial of the person that the row names."""
    village_code: str
    is_planted: bool


class Register:
    """The accepted register of a month and the ways to reach its households (feed specification, section 2)."""

    def __init__(self, households: Iterable[SentRow], members: Iterable[SentRow]) -> None:
        self.households = {row.values["household_no"]: row for row in households if not row.is_planted}
        listed = [row for row in members if not row.is_planted and row.values["household_no"] in self.households]
        self.members: dict[str, list[SentRow]] = defaultdict(list)
        active: dict[str, set[str]] = defaultdict(set)
        left: dict[str, set[str]] = defaultdict(set)
        for row in listed:
            number, id_number = row.values["household_no"], row.values["id_number"]
            if row.values.get("member_change_code") in _LEFT:
                left[id_number].add(number)
            else:
                active[id_number].add(number)
                self.members[number].append(row)
        # Whoever is active somewhere does not answer for the households left behind.
        self._home_of: Mapping[str, set[str]] = {**left, **active}

    @cached_property
    def universe(self) -> list[str]:
        """Active households: neither gone nor struck off, with an active member."""
        return sorted(
            number
            for number, row in self.households.items()
            if row.values["poverty_status_code"] != "7"
            and row.values.get("change_code") not in _LEFT
            and self.members.get(number)
        )

    def reach(self, row: SentRow) -> str | None:
        """The household that a row leads to, by its number or by any member's ID number; None if it leads nowhere."""
        stated = row.values.get("household_no")
        direct = stated if stated in self.households else None
        if row.subject in {"households", "members"}:
            return direct
        id_number = next((row.values[name] for name in ID_COLUMNS if row.values.get(name)), None)
        found = self._home_of.get(id_number, set()) if id_number else set()
        if direct is not None:
            return None if len(found) == 1 and direct not in found else direct
        return next(iter(found)) if len(found) == 1 else None

    def way(self, row: SentRow, reached: str | None) -> str | None:
        """Which way `reach` took: `direct` by the household number, else by the person; None if it led nowhere."""
        if reached is None:
            return None
        if row.values.get("household_no") in self.households:
            return "direct"
        return next(way for name, way in WAYS.items() if row.values.get(name))


@dataclass(frozen=True, slots=True)
class Feed:
    """What has come of a subject by a month: the rows of the newest file, which may be an earlier month's."""

    source: Period | None
    rows: Sequence[SentRow]

    def age(self, period: Period, *, in_term: bool = False) -> int | None:
        """Months since the file's month; `in_term` leaves out the months in which schools are closed."""
        if self.source is None:
            return None
        passed = [self.source.shift(step) for step in range(1, period.months_since(self.source) + 1)]
        return sum(not in_term or month.month not in _SCHOOL_BREAKS for month in passed)


@dataclass(frozen=True, slots=True)
class Test:
    """The newest test of a water scheme."""

    day: date | None
    is_failing: bool


def newest_tests(rows: Iterable[SentRow]) -> Mapping[str, Test]:
    """By scheme, whichever of its villages a test is written at; of two of one day the worse counts."""
    found: dict[str, Test] = {}
    for row in rows:
        number, result = row.values.get("scheme_no"), row.values.get("quality_result_code")
        if row.is_planted or not number or not result:
            continue
        test, known = Test(row.values.get("tested_date"), result == "2"), found.get(number)
        if known is None or _rank(test) > _rank(known):
            found[number] = test
    return found


def _rank(test: Test) -> tuple[date, bool]:
    return test.day or date.min, test.is_failing
