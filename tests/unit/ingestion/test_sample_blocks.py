"""The county is cut in blocks that share nothing: no person, no number, no water scheme."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from random import Random

import pytest

from hearth.period import Period
from ingestion.sample.blocks import MOST_HOUSEHOLDS, cut
from ingestion.sample.months import block_months
from ingestion.sample.people import SEQUENCES, IdRegister
from ingestion.sample.places import places
from ingestion.sample.wiring import schemes

WHERE = places("530524")


@pytest.mark.parametrize("households", [1, 300, 999, 3_200, 12_583, 1_000_000, MOST_HOUSEHOLDS])
def test_blocks_cover_the_county_and_overlap_nowhere(households: int) -> None:
    blocks = cut(households, WHERE)
    assert [place for block in blocks for place in block.where] == list(WHERE)
    assert [serial for block in blocks for serial in block.serials] == list(range(households))
    outsiders = [serial for block in blocks for serial in block.outsiders]
    assert outsiders == list(range(round(households * 0.15)))
    taken = {(serial.start, serial.stop) for block in blocks for serial in (block.serials, block.later) if serial}
    edges = sorted(taken)
    assert all(first[1] <= second[0] for first, second in pairwise(edges))
    assert [number for block in blocks for number in block.part(SEQUENCES)] == list(SEQUENCES)
    assert all(block.part(SEQUENCES) and block.later for block in blocks)
    assert sum(block.at_least(3) for block in blocks) == 3


@pytest.mark.parametrize("households", [3_200, 1_000_000])
def test_villages_of_one_scheme_are_in_one_block(households: int) -> None:
    known = schemes(WHERE)
    found: dict[str, set[int]] = {}
    for block in cut(households, WHERE):
        for place in block.where:
            found.setdefault(known[place.code].number, set()).add(block.position)
    assert all(len(positions) == 1 for positions in found.values())


def test_small_counties_are_one_block_and_large_ones_many() -> None:
    assert [len(cut(size, WHERE)) for size in (300, 3_200, 12_583, 10**6)] == [1, 3, 12, 110]


def test_nobody_lives_in_two_blocks() -> None:
    blocks = cut(2_000, WHERE)
    first, second = (next(block_months(block, 7, [Period(2026, 3)])) for block in blocks)
    numbers = [{person.id_number for home in state.households for person in home.members} for state in (first, second)]
    assert not numbers[0] & numbers[1]
    for block, taken in zip(blocks, numbers, strict=True):
        assert {int(number[14:17]) // 2 for number in taken} <= set(block.part(SEQUENCES))
    households = [{home.number for home in state.registered} for state in (first, second)]
    assert not households[0] & households[1]
    assert {home.place for home in second.households} <= set(second.where)


def test_a_full_birth_date_sends_people_to_the_day_before() -> None:
    ids, rng, day = IdRegister(range(40, 42)), Random(1), date(1980, 3, 1)  # noqa: S311 - invented data
    issued = [ids.issue(day, "1", rng) for _ in range(5)]
    assert len({number for number, _ in issued}) == 5
    assert [born for _, born in issued] == [day, day, *[day - timedelta(days=1)] * 2, day - timedelta(days=2)]
    assert all(number[6:14] == f"{born:%Y%m%d}" for number, born in issued)
