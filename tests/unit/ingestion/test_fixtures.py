"""Acceptance fixtures of the indicator registry that are about reading a cell: FX-08 and FX-23.

The numbers of FX-23 have the prefix of invented persons in the place of a real division.
"""

from __future__ import annotations

from datetime import date

import pytest

from ingestion.normalise.ids import parse_id_number
from ingestion.normalise.numbers import parse_decimal, parse_int
from ingestion.normalise.problems import CellProblem
from ingestion.sample.people import compose_id_number

MONTH_END = date(2026, 10, 31)


def test_fx_08_a_letter_in_a_number_is_refused_and_ten_thousands_are_read() -> None:
    with pytest.raises(CellProblem, match="S-07"):
        parse_decimal("7O%", unit="%")
    assert parse_int("63.16万人", unit="人") == 631_600
    assert parse_int("63.16", unit="人", header_unit="万人") == 631_600


def test_fx_23_the_last_character_of_an_id_number_is_worked_out() -> None:
    ending_in_x = next(
        number for sequence in range(999) if (number := compose_id_number("19491231", sequence)).endswith("X")
    )
    assert parse_id_number(ending_in_x, month_end=MONTH_END, is_text_file=False).birth == date(1949, 12, 31)
    with pytest.raises(CellProblem, match="R-ALL-02"):
        parse_id_number(ending_in_x[:-1] + "1", month_end=MONTH_END, is_text_file=False)
    # a right number of somebody born in 1880: nobody is that old
    with pytest.raises(CellProblem, match="R-ALL-03"):
        parse_id_number(compose_id_number("18800101", 1), month_end=MONTH_END, is_text_file=False)
