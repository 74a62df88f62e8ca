"""The county as of one month."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from hearth.period import Period
from ingestion.sample.blocks import Block
from ingestion.sample.people import IdRegister
from ingestion.sample.places import Place
from ingestion.sample.population import Household

if TYPE_CHECKING:
    from ingestion.sample.stories import Story

_TRIES = 400
"""Random looks for a household to which an event can happen."""


@dataclass(slots=True)
class State:
    """Everyone in a block of the county as of one month. Households outside the register have no number."""

    seed: int
    period: Period
    where: Sequence[Place]
    """The villages of the block."""
    ids: IdRegister
    households: list[Household]
    next_serial: int
    next_certificate: int
    block: Block
    events: list[str] = field(default_factory=list)
    """What happened in the month, by kind; for people who look at the manifest."""
    stories: list[Story] = field(default_factory=list)
    """What offices say in the month and is not so."""

    @property
    def county(self) -> Sequence[Place]:
        """All villages of the county, of which the block's are some."""
        return self.block.county

    @property
    def registered(self) -> list[Household]:
        """Households of the register that exist in the month; gone ones keep a row with their status."""
        return [home for home in self.households if home.number is not None and home.exists(self.period)]

    @property
    def resident(self) -> list[Household]:
        """All households living in the county in the month."""
        return [home for home in self.households if home.is_active(self.period)]


def pick(rng: Random, homes: Sequence[Household], test: Callable[[Household], bool]) -> Household | None:
    """A household that passes the test and has not gone this month; None when none is found."""
    for _ in range(_TRIES):
        home = rng.choice(homes)
        if home.gone is None and test(home):
            return home
    return None
