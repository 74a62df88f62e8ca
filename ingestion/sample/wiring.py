"""Which water scheme and which transformer serve a household: the same for the whole life of the sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from hearth.period import Period
from ingestion.sample.places import Place
from ingestion.sample.population import Household

DISTRICTS = ("099", "098")
"""Each village has two transformer districts; their numbers begin so."""

_FIRST_GROUPS = "一二三四五六"
"""Hamlets of the first district."""

FAILING = 0.08
"""Share of schemes that fail the quality test for some months of a year before they are mended."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """A supply scheme; a few serve two neighbouring villages."""

    number: str
    name: str


@cache
def schemes(where: Sequence[Place]) -> Mapping[str, Scheme]:
    """Village code -> its scheme. Every sixth village of a township drinks from its neighbour's."""
    found: dict[str, Scheme] = {}
    seen: dict[str, int] = {}
    last: Place | None = None
    for place in where:
        seen[place.township] = seen.get(place.township, 0) + 1
        is_shared = last is not None and last.township == place.township and seen[place.township] % 6 == 0
        source = last if is_shared and last is not None else place
        found[place.code] = Scheme(f"99{source.code[6:]}", f"{source.stem}示例供水工程")
        last = place
    return found


def is_failing(seed: int, period: Period, scheme: Scheme) -> bool:
    """The scheme's newest test failed; it is mended after two to four months."""
    rng = Random(f"{seed}/failing/{period.year}/{scheme.number}")  # noqa: S311 - invented data, not a secret
    if rng.random() > FAILING * 3:
        return False
    first = rng.randint(1, 10)
    return first <= period.month < first + rng.randint(2, 4)


@dataclass(frozen=True, slots=True)
class District:
    """A transformer district: part of one village."""

    place: Place
    position: int

    @property
    def number(self) -> str:
        return f"{DISTRICTS[self.position]}{self.place.code[6:]}"

    @property
    def name(self) -> str:
        return f"{self.place.stem}示例{self.position + 1}号公变"

    @classmethod
    def of(cls, home: Household) -> District:
        """The district that serves the household, by its hamlet."""
        return cls(home.place, 0 if home.hamlet[0] in _FIRST_GROUPS else 1)


def districts(where: Sequence[Place]) -> list[District]:
    """All districts of the county by village."""
    return [District(place, position) for place in where for position in range(len(DISTRICTS))]
