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
NAME_COLUMNS = ("person_name", "head_name", "account_name")
FIFTEEN = "fifteen_digit"
"""The way by an ID number of 15 digits: it leads to its person's household only where the name is the register's."""
TYPO, NAME_VILLAGE = "typo", "name_village"
"""Ways that are suggested and never gone."""

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
    is_raised: bool = False
    """The person's ID number was sent with 15 digits."""
    spoilt: str | None = None
    """What is left of a planted row whose person's ID number cannot be read: TYPO or NAME_VILLAGE."""


class Register:
    """The accepted register of a month and the ways to reach its households (feed specification, section 2)."""

    def __init__(self, households: Iterable[SentRow], members: Iterable[SentRow]) -> None:
        self.households = {row.values["household_no"]: row for row in households if not row.is_planted}
        listed = [row for row in members if not row.is_planted and row.values["household_no"] in self.households]
        self.members: dict[str, list[SentRow]] = defaultdict(list)
        active: dict[str, set[str]] = defaultdict(set)
        left: dict[str, set[str]] = defaultdict(set)
        names: dict[bool, dict[str, set[str]]] = {True: defaultdict(set), False: defaultdict(set)}
        for row in listed:
            number, id_number = row.values["household_no"], row.values["id_number"]
            has_left = row.values.get("member_change_code") in _LEFT
            names[has_left][id_number].add(row.values["person_name"])
            if has_left:
                left[id_number].add(number)
            else:
                active[id_number].add(number)
                self.members[number].append(row)
        # Whoever is active somewhere does not answer for the households left behind.
        self._home_of: Mapping[str, set[str]] = {**left, **active}
        self._names_of: Mapping[str, set[str]] = {**names[True], **names[False]}

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
        if row.is_raised and self._names_of.get(id_number or "", set()) != {_name(row)}:
            return None
        return next(iter(found)) if len(found) == 1 else None

    def way(self, row: SentRow, reached: str | None) -> str | None:
        """Which way `reach` took: `direct` by the household number, else by the person; None if it led nowhere."""
        if reached is None:
            return None
        if row.values.get("household_no") in self.households:
            return "direct"
        if row.is_raised:
            return FIFTEEN
        return next(way for name, way in WAYS.items() if row.values.get(name))

    def hint(self, row: SentRow, reached: str | None) -> str | None:
        """By what a person could still tell the household of a row that leads nowhere or was refused for its ID number.

        A number one slip away or of 15 digits, of somebody who is a member of the household; else the name of a member
        beside the village. None where the register says nothing of the person, or nothing is unclear.
        """
        if (reached is not None and not row.is_planted) or (row.is_planted and row.spoilt is None):
            return None
        members = self.members.get(row.household_no or "", [])
        id_number = next((row.values[name] for name in ID_COLUMNS if row.values.get(name)), None)
        is_listed = any(member.values["id_number"] == id_number for member in members)
        if is_listed and row.is_raised and not row.is_planted:
            return FIFTEEN
        if is_listed and row.spoilt == TYPO:
            return TYPO
        is_placed = row.values.get("township_name") and row.values.get("village_name")
        is_named = any(member.values["person_name"] == _name(row) for member in members)
        return NAME_VILLAGE if is_placed and is_named else None


def _name(row: SentRow) -> str | None:
    """The name of the person whom the row is about."""
    return next((row.values[name] for name in NAME_COLUMNS if row.values.get(name)), None)


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
