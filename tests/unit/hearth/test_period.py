from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.period import Period, last_complete_period

periods = st.builds(Period, st.integers(1950, 2100), st.integers(1, 12))


@given(periods)
def test_text_round_trip(period: Period) -> None:
    assert Period.parse(str(period)) == period


@given(periods, st.integers(-500, 500))
def test_shift_is_undone_by_its_opposite(period: Period, months: int) -> None:
    moved = period.shift(months)
    assert moved.shift(-months) == period
    assert moved.months_since(period) == months


@given(periods)
def test_last_day_is_followed_by_the_next_period(period: Period) -> None:
    assert Period.containing(period.last_day + timedelta(days=1)) == period.shift(1)


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026-1", "202610", "", "2026-10 ", "２０２６-10"])
def test_what_is_no_month_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"write it as YYYY-MM"):
        Period.parse(text)


def test_last_complete_period() -> None:
    assert last_complete_period(date(2026, 1, 1)) == Period(2025, 12)
    assert last_complete_period(date(2026, 11, 30)) == Period(2026, 10)
