"""The reporting month."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from functools import cache

_PATTERN = re.compile(r"^([0-9]{4})-(0[1-9]|1[0-2])\Z")


@dataclass(frozen=True, order=True, slots=True)
class Period:
    """One reporting month, written ``YYYY-MM``."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read ``YYYY-MM``; anything else is a ValueError that names the value."""
        match = _PATTERN.match(text)
        if match is None:
            raise ValueError(f"[{text}] is not a month; write it as YYYY-MM, for example 2026-10")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def containing(cls, day: date) -> Period:
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return _text(self.year, self.month)

    def shift(self, months: int) -> Period:
        """The period ``months`` later (earlier if negative)."""
        index = self.year * 12 + self.month - 1 + months
        return Period(index // 12, index % 12 + 1)

    def months_since(self, other: Period) -> int:
        return (self.year - other.year) * 12 + self.month - other.month

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        return _last_day(self.year, self.month)


@cache
def _text(year: int, month: int) -> str:
    return f"{year:04d}-{month:02d}"


@cache
def _last_day(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def last_complete_period(today: date) -> Period:
    """The newest month that is wholly in the past on ``today``."""
    return Period.containing(today).shift(-1)
