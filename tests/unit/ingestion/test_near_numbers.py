"""Numbers one slip away from a refused one: the true one is among them, none is impossible, and they stay few."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.near_numbers import MOST, near
from ingestion.normalise.ids import check_character, parse_id_number

MONTH_END = date(2026, 10, 31)
_SECTIONS = st.sampled_from(["520099", "530599"])
_BIRTHS = st.dates(date(1930, 1, 1), MONTH_END)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    first = f"{draw(_SECTIONS)}{draw(_BIRTHS):%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return first + check_character(first)


def test_every_one_digit_typo_of_a_number_leads_back_to_it() -> None:
    """All of them: 17 places of 9 other digits, and 10 other check characters."""
    for first in ("52009919850101123", "53059920040229001"):
        number = first + check_character(first)
        for place, held in enumerate(number):
            for other in "0123456789" + ("X" if place == 17 else ""):
                if other != held:
                    assert number in near(number[:place] + other + number[place + 1 :], MONTH_END), (place, other)


@settings(max_examples=60, deadline=None)
@given(numbers(), st.integers(0, 16))
def test_a_turned_pair_leads_back_too(number: str, place: int) -> None:
    turned = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if turned != number and turned[:17].isdigit():
        assert number in near(turned, MONTH_END)


@settings(max_examples=60, deadline=None)
@given(numbers(), st.integers(0, 17), st.sampled_from("0123456789"))
def test_candidates_are_possible_numbers_and_few(number: str, place: int, digit: str) -> None:
    sent = number[:place] + digit + number[place + 1 :]
    found = near(sent, MONTH_END)
    assert len(found) <= MOST
    assert len([one for one in found if sum(a != b for a, b in zip(one, sent, strict=True)) == 1]) <= 18
    assert sent not in found
    for one in found:
        assert parse_id_number(one, month_end=MONTH_END, is_text_file=False).value == one


@pytest.mark.parametrize("sent", ["", "520099", "52009919850101123", "abc", "5200991985010112345"])
def test_what_has_not_the_shape_of_a_number_means_nobody(sent: str) -> None:
    assert near(sent, MONTH_END) == ()


def test_a_sound_number_is_not_doubted() -> None:
    first = "52009919850101123"
    assert near(first + check_character(first), MONTH_END) == ()
