"""The county in blocks of neighbouring villages: each lives by itself, so that they can be worked on side by side.

A block has its own people, its own random streams and its own part of every number space; nothing that happens in one
touches another. How the county is cut follows from its size alone, never from the number of processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ingestion.sample.places import Place
from ingestion.sample.wiring import schemes

HOUSEHOLDS_EACH = 1_000
"""A block has about so many register households, or one village's if a village has more."""

LAST_SERIAL = 2_400_000
"""Register serials are below it: insurance numbers made from them keep ten digits."""

MOST_HOUSEHOLDS = 2_000_000
"""The rest of the serials is for households that come later."""

OUTSIDER_SHARE = 0.15
"""Households outside the register, per register household: rolls of the whole population hold them too."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some neighbouring villages and what is theirs of every number space."""

    position: int
    count: int
    """Blocks of the county."""
    where: Sequence[Place]
    """Its villages; villages that share a water scheme are never parted."""
    county: Sequence[Place]
    """All villages of the county."""
    serials: range
    """Serials of the register households at the first month."""
    outsiders: range
    """Serials of the others."""
    later: range
    """Serials of register households that come later."""

    def part(self, space: range) -> range:
        """The block's own part of a number space: parts do not overlap and fill the space."""
        first, last = (len(space) * turn // self.count for turn in (self.position, self.position + 1))
        return space[first:last]

    def at_least(self, county: int) -> int:
        """What the block does for something of which the county must have at least so many."""
        return len(self.part(range(county)))


def cut(households: int, where: Sequence[Place], surrounding: float = OUTSIDER_SHARE) -> list[Block]:
    """The county's blocks, villages in order; `surrounding`: households outside the register, per register household.

    Raises ValueError for a size that has no numbers.
    """
    if not 0 < households <= MOST_HOUSEHOLDS:
        raise ValueError(f"[{households}] households: ask for at least one household and at most {MOST_HOUSEHOLDS}")
    if not 0 <= surrounding * households <= MOST_HOUSEHOLDS:
        raise ValueError(
            f"[{surrounding}] households around each of [{households}]: ask for none or more, at most {MOST_HOUSEHOLDS}"
            " in all"
        )
    known = schemes(where)
    units = [list(group) for _, group in groupby(where, key=lambda place: known[place.code].number)]
    count = min(len(units), max(1, households // HOUSEHOLDS_EACH))
    outsiders = round(households * surrounding)
    blocks: list[Block] = []
    begun = 0
    for position in range(count):
        own = units[len(units) * position // count : len(units) * (position + 1) // count]
        villages = tuple(place for unit in own for place in unit)
        ended = begun + len(villages)

        def share(total: int, first: int = begun, last: int = ended) -> range:
            return range(total * first // len(where), total * last // len(where))

        spare = LAST_SERIAL - households
        later = range(households + spare * position // count, households + spare * (position + 1) // count)
        blocks.append(Block(position, count, villages, where, share(households), share(outsiders), later))
        begun = ended
    return blocks


def whole(where: Sequence[Place]) -> Block:
    """All villages as one block without households of its own: for looking at a county as a whole."""
    return Block(0, 1, where, where, range(0), range(0), range(0))
