"""Which days are worked in China: weekends, public holidays and the make-up workdays that the State Council orders."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import holidays

from hearth.period import Period


@lru_cache(maxsize=64)
def _china(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("CN", years=year, language="zh_CN")


def is_workday(day: date) -> bool:
    """Whether offices are open on a day. A make-up Saturday is worked, a bridging Friday is not."""
    return bool(_china(day.year).is_working_day(day))


def why_not_worked(day: date) -> str | None:
    """In Chinese, why offices are closed on a day; None when they are open."""
    if is_workday(day):
        return None
    return str(_china(day.year).get(day) or "周末")


def next_workday(day: date) -> date:
    """The day itself if it is worked, else the first worked day after it."""
    while not is_workday(day):
        day += timedelta(days=1)
    return day


def named_day(period: Period, due_day: int) -> date:
    """The day of the following month that a contract names."""
    return period.shift(1).first_day.replace(day=due_day)


def due_date(period: Period, due_day: int) -> date:
    """Last day of a report that is on time by rule: the named day, or the next worked one (notice 002, C1; F-12)."""
    return next_workday(named_day(period, due_day))


def is_announced(year: int) -> bool:
    """Whether the year's make-up workdays are known; until the State Council orders them, its days are provisional.

    Every year since 2014 has had at least one; the calendar's library carries them once they are ordered.
    """
    return any(day.year == year for day in _china(year).weekend_workdays)
