"""Turns in the life of whole households: they split, merge, move, change heads, fall back and recover."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

from hearth.period import Period
from ingestion.sample.people import Person, any_surname
from ingestion.sample.population import House, Household, new_allowance, new_household, new_person
from ingestion.sample.state import State, pick

Event = Callable[[State, Random, Sequence[Household]], bool]
"""Returns False when there is no household to which it could happen."""

_PARENTS_OF = {"1": {"51": "55", "52": "56"}, "2": {"51": "53", "52": "54"}}
"""What the old head's parents are to a new head, by its sex."""


def _moved(person: Person, relation: str, period: Period) -> Person:
    """The same person as a member of another household."""
    return replace(person, relation=relation, joined=("13", period), left=None)


def _split(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    def grown(home: Household) -> list[Person]:
        day = state.period.first_day
        return [p for p in home.members if p.left is None and p.relation in {"20", "30"} and p.age_on(day) >= 24]

    home = pick(rng, homes, lambda home: home.is_unaided and home.monitor is None and bool(grown(home)))
    if home is None:
        return False
    _found_household(state, rng.choice(grown(home)), home)
    return True


def _found_household(state: State, person: Person, home: Household) -> None:
    """A member founds a household of its own next door."""
    new = new_household(state.seed, state.next_serial, state.ids, state.where, is_registered=True)
    new.place, new.hamlet, new.register_class, new.status = home.place, home.hamlet, home.register_class, home.status
    new.cause, new.exited, new.joined, new.change = home.cause, home.exited, state.period, ("13", state.period)
    new.monitor = new.allowance = new.support = new.renovation = None
    new.members = [_moved(person, "02", state.period)]
    person.left = ("24", state.period)
    state.next_serial += 1
    state.households.append(new)


def _merged(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    def is_single(home: Household) -> bool:
        return home.is_unaided and home.renovation is None and len(home.present(state.period)) == 1

    home = pick(rng, homes, is_single)
    if home is None:
        return False
    here = home.place.code
    near = [other for other in homes if other.place.code == here and other.gone is None and other is not home]
    able = [other for other in near if 2 <= len(other.present(state.period)) <= 6 and other.is_unaided]
    if not able:
        return False
    (person,) = home.present(state.period)
    rng.choice(able).members.append(_moved(person, "97", state.period))
    person.left, home.gone = ("23", state.period), ("23", state.period)
    return True


def _new_head(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    """The head dies; the spouse is head from this month on."""

    def widowed(home: Household) -> list[int]:
        return [at for at, p in enumerate(home.members) if p.relation == "10" and p.left is None]

    def is_old(home: Household) -> bool:
        return home.head.age_on(state.period.first_day) > 58 and home.is_unaided and bool(widowed(home))

    home = pick(rng, homes, is_old)
    if home is None:
        return False
    late, at = home.head, widowed(home)[0]
    late.left = ("21", state.period)
    home.head_at, home.former_head = at, (late, state.period)
    home.head.relation, late.relation = "02", "10"
    for person in home.members:
        person.relation = _PARENTS_OF[home.head.sex].get(person.relation, person.relation)
    if home.renovation is not None:
        home.renovation.holder = home.renovation.holder or late
    return True


def _relapsed(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    home = pick(rng, homes, lambda home: home.status == "3" and home.monitor is None and home.change is None)
    if home is None:
        return False
    home.status, home.change, home.exited = "5", ("12", state.period), None
    home.monitor = ("1", state.period, rng.choice(("14", "15")))
    return True


def _is_well_off(home: Household) -> bool:
    ratings = home.water.ratings
    has_house, has_water = home.house.grade in {"A", "B"}, ratings is not None and "3" not in ratings
    has_power = home.meter.is_supplied and home.meter.account_no is not None
    return bool(has_house and has_water and has_power and home.food and home.clothing)


def _exited(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    """A poor household leaves poverty once it lacks nothing."""

    def is_ready(home: Household) -> bool:
        is_fresh = home.change is not None and state.period.months_since(home.change[1]) < 3
        return home.status in {"1", "5"} and not is_fresh and _is_well_off(home)

    home = pick(rng, homes, is_ready)
    if home is None:
        return False
    home.status, home.exited, home.change = "3", state.period, ("15", state.period)
    return True


def _cleared(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    def is_ready(home: Household) -> bool:
        return home.monitor is not None and home.cleared is None and state.period.months_since(home.monitor[1]) >= 8

    home = pick(rng, homes, lambda home: is_ready(home) and home.status != "5")
    if home is None:
        return False
    home.cleared, home.change = state.period, ("17", state.period)
    return True


def _moved_village(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    """A household moves within the county; nobody has looked at its new house yet."""
    home = pick(rng, homes, lambda home: home.is_unaided and home.renovation is None and home.change is None)
    if home is None or any(person.case is not None for person in home.members):
        return False
    home.moved_from = (home.place, state.period)
    home.place, home.change = rng.choice(state.where), ("14", state.period)
    home.house = House(None, None, None, home.house.area, home.house.structure, home.house.built)
    return True


def _divorced(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    """The spouse of the head leaves, half of them for a household of their own."""

    def spouses(home: Household) -> list[Person]:
        day = state.period.first_day
        return [p for p in home.members if p.relation == "10" and p.is_member(state.period) and p.age_on(day) < 60]

    home = pick(rng, homes, lambda home: home.is_unaided and home.monitor is None and bool(spouses(home)))
    if home is None:
        return False
    person = spouses(home)[0]
    home.divorced = (person, state.period)
    if rng.random() < 0.5:
        _found_household(state, person, home)
    else:
        person.left = ("23", state.period)
    return True


def _parent_moved_in(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    """A parent of the head comes from outside the county."""

    def has_room(home: Household) -> bool:
        present = home.present(state.period)
        is_grown = 30 <= home.head.age_on(state.period.first_day) <= 52
        return is_grown and len(present) < 6 and not {"51", "52"} & {person.relation for person in home.members}

    home = pick(rng, homes, has_room)
    if home is None:
        return False
    sex, birth = rng.choice("12"), home.head.birth - timedelta(days=rng.randint(8_000, 11_000))
    surname, relation = (home.head.name[0], "51") if sex == "1" else (any_surname(rng), "52")
    person = new_person(
        rng, state.ids, surname=surname, sex=sex, birth=birth, relation=relation, ethnicity=home.head.ethnicity
    )
    person.joined, person.works_away = ("13", state.period), False
    home.members.append(person)
    return True


def _able(home: Household, period: Period) -> list[Person]:
    """Whom the household lives on, the head apart."""
    return [
        person
        for person in home.present(period)
        if person is not home.head and person.disability is None and 22 <= person.age_on(period.first_day) <= 54
    ]


def _accident(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    """Somebody of working age dies."""
    home = pick(rng, homes, lambda home: home.is_unaided and bool(_able(home, state.period)))
    if home is None:
        return False
    rng.choice(_able(home, state.period)).left = ("21", state.period)
    return True


def _disabled(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    """Somebody of working age gets a certificate of grade 1 or 2."""
    home = pick(rng, homes, lambda home: bool(_able(home, state.period)))
    if home is None:
        return False
    person = rng.choice(_able(home, state.period))
    person.disability, person.disabled = f"{rng.choice('1446')}{rng.choice('12')}", state.period
    person.health, person.labour = (*(code for code in person.health if code != "1"), "4"), "4"
    return True


def _allowance_again(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    """A household whose dibao was stopped some time ago is poor again."""

    def is_waiting(home: Household) -> bool:
        stopped = home.allowance.stopped if home.allowance is not None else None
        return home.support is None and stopped is not None and state.period.months_since(stopped[1]) >= 3

    home = pick(rng, homes, is_waiting)
    if home is None:
        return False
    home.allowance = new_allowance(rng, home.present(state.period), state.next_certificate, state.period)
    state.next_certificate += 1
    return True


TURNS: tuple[tuple[str, Event, float], ...] = (
    ("household_split", _split, 0.0004),
    ("household_merged", _merged, 0.0003),
    ("new_head", _new_head, 0.0005),
    ("relapsed", _relapsed, 0.0003),
    ("exited", _exited, 0.0003),
    ("risk_cleared", _cleared, 0.0005),
    ("moved_village", _moved_village, 0.0003),
    ("divorced", _divorced, 0.0004),
    ("parent_moved_in", _parent_moved_in, 0.0003),
    ("accident", _accident, 0.0002),
    ("disabled", _disabled, 0.0003),
    ("allowance_again", _allowance_again, 0.0002),
)
"""Name, event, times per register household and month."""
