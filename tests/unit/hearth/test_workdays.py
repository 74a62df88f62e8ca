"""Which days are worked, and what that makes of due days."""

from __future__ import annotations

from datetime import date

import pytest

from hearth.period import Period
from hearth.workdays import due_date, is_announced, is_workday, next_workday, why_not_worked


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2026, 9, 8), None),
        (date(2026, 11, 8), "周末"),
        (date(2026, 10, 10), None),  # a Saturday that is worked for the long holiday
        (date(2026, 10, 6), "休息日（由 2026-09-20 调休）"),
        (date(2026, 2, 17), "春节"),
    ],
)
def test_a_day_is_worked_or_says_why_not(day: date, why: str | None) -> None:
    assert why_not_worked(day) == why
    assert is_workday(day) is (why is None)


@pytest.mark.parametrize(
    ("period", "due"),
    [
        ("2026-08", date(2026, 9, 8)),
        ("2026-10", date(2026, 11, 9)),  # the 8th is a Sunday
        ("2026-09", date(2026, 10, 8)),  # the first day after the long holiday
        ("2023-12", date(2024, 1, 8)),  # over the new year
    ],
)
def test_a_report_is_due_on_the_named_day_or_the_next_worked_one(period: str, due: date) -> None:
    assert due_date(Period.parse(period), 8) == due


def test_a_holiday_longer_than_a_weekend_is_passed_over_whole() -> None:
    assert next_workday(date(2026, 10, 1)) == date(2026, 10, 8)


def test_a_year_is_provisional_until_its_make_up_days_are_known() -> None:
    assert is_announced(2026)
    assert not is_announced(2100)
