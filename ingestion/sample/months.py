"""The county month by month: births, deaths, moves, school leavers, new certificates.

History is a pure function of seed and household count; asking for a later month never changes an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from random import Random

from hearth.period import Period
from ingestion.sample.blocks import Block, cut, whole
from ingestion.sample.happenings import TURNS, Event
from ingestion.sample.people import SEQUENCES, Case, IdRegister, Person, any_surname
from ingestion.sample.places import Place
from ingestion.sample.population import (
    EPOCH,
    Household,
    Meter,
    Water,
    new_allowance,
    new_household,
    new_person,
    new_renovation,
    new_support,
)
from ingestion.sample.state import State, pick
from ingestion.sample.stories import begin

_ROLL_AT_LEAST = 3
"""Supported persons and renovations that any county has, however few its households."""

CERTIFICATES = range(20_000_000, 40_000_000)
"""Numbers of papers that are issued within the sample's time; those from before carry the household's serial."""

_CASES_AT_LEAST = 3
"""Open school-leaver cases that stay open, so that the ledger is never empty."""


def _birth(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    today = state.period.first_day
    home = pick(rng, homes, lambda home: 23 <= home.head.age_on(today) <= 48 and len(home.members) < 9)
    if home is None:
        return False
    sex = rng.choice("12")
    born = today + timedelta(days=rng.randrange(27))
    relation = "20" if sex == "1" else "30"
    child = new_person(
        rng, state.ids, surname=home.head.name[0], sex=sex, birth=born, relation=relation, ethnicity=home.head.ethnicity
    )
    child.joined = ("11", state.period)
    child.insurance, child.health, child.disability = "17", ("1",), None
    home.members.append(child)
    return True


def _death(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    def old(home: Household) -> list[Person]:
        today = state.period.first_day
        return [p for p in home.members if p is not home.head and p.left is None and p.age_on(today) > 62]

    home = pick(rng, homes, lambda home: bool(old(home)))
    if home is None:
        return False
    person = rng.choice(old(home))
    if home.allowance is not None and home.allowance.holder is person:
        return False
    person.left = ("21", state.period)
    return True


def _marriage_in(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    def is_single(home: Household) -> bool:
        return len(home.present(state.period)) == 1 and home.head.age_on(EPOCH.first_day) < 60

    home = pick(rng, homes, is_single)
    if home is None:
        return False
    sex = "2" if home.head.sex == "1" else "1"
    birth = home.head.birth + timedelta(days=rng.randint(-900, 900))
    spouse = new_person(
        rng, state.ids, surname=any_surname(rng), sex=sex, birth=birth, relation="10", ethnicity=home.head.ethnicity
    )
    spouse.joined = ("12", state.period)
    home.members.append(spouse)
    return True


def _move_out(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    def grown(home: Household) -> list[Person]:
        today = state.period.first_day
        return [p for p in home.members if p.left is None and p.relation in {"20", "30"} and p.age_on(today) > 21]

    home = pick(rng, homes, lambda home: bool(grown(home)) and home.allowance is None)
    if home is None:
        return False
    person = rng.choice(grown(home))
    person.left = ("22" if person.sex == "2" else "23", state.period)
    return True


def _household_out(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    def free_to_go(home: Household) -> bool:
        return len(home.members) <= 3 and home.is_unaided and all(p.case is None for p in home.members)

    home = pick(rng, homes, free_to_go)
    if home is None:
        return False
    home.gone = ("22", state.period)
    for person in home.present(state.period):
        person.left = ("23", state.period)
    return True


def _new_monitored(state: State, rng: Random, homes: Sequence[Household]) -> bool:  # noqa: ARG001 - one shape for all events
    home = new_household(state.seed, state.next_serial, state.ids, state.where, is_registered=True)
    home.members = [person for person in home.members if person.birth <= state.period.first_day]
    home.joined, home.register_class, home.status = state.period, "3", "6"
    home.change = ("16", state.period)
    home.monitor, home.allowance = ("2", state.period, rng.choice(("14", "15"))), None
    for person in home.members:
        person.joined = ("14", state.period)
    state.next_serial += 1
    state.households.append(home)
    return True


def _leave_school(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    def pupils(home: Household) -> list[Person]:
        day = state.period.last_day
        return [p for p in home.members if p.left is None and p.case is None and 10 <= p.age_on(day) <= 13]

    home = pick(rng, homes, lambda home: bool(pupils(home)))
    if home is None:
        return False
    absent = state.period.first_day + timedelta(days=rng.randint(1, 15))
    rng.choice(pupils(home)).case = Case(state.period, absent, rng.choice(("03", "03", "05", "04")))
    return True


def _return_to_school(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    cases = [p.case for home in homes for p in home.members if p.case is not None and p.case.closed is None]
    waiting = [case for case in cases if case.opened < state.period]
    if len(waiting) <= state.block.at_least(_CASES_AT_LEAST):
        return False
    rng.choice(waiting).closed = state.period
    return True


def _new_certificate(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    home = pick(rng, homes, lambda home: home.house.grade is None or home.house.certificate_serial is None)
    if home is None:
        return False
    home.house.grade = home.house.grade or rng.choice("AB")
    home.house.assessed = state.period.first_day + timedelta(days=rng.randint(2, 24))
    home.house.certificate_serial = state.next_certificate
    state.next_certificate += 1
    return True


def _water_mended(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    home = pick(rng, homes, lambda home: home.water.ratings is not None and "3" in home.water.ratings)
    if home is None:
        return False
    home.water = Water(("1", "1", "1", "1"), is_central=True, certificate_serial=state.next_certificate)
    state.next_certificate += 1
    return True


def _allowance_stopped(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    home = pick(rng, homes, lambda home: home.allowance is not None and home.allowance.stopped is None)
    if home is None or home.allowance is None:
        return False
    home.allowance.stopped = (rng.choice("2237"), state.period)
    return True


def _allowance_granted(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    home = pick(rng, homes, lambda home: home.is_unaided)
    if home is None:
        return False
    home.allowance = new_allowance(rng, home.present(state.period), state.next_certificate, state.period)
    state.next_certificate += 1
    return True


def _connected(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    home = pick(rng, homes, lambda home: home.meter.account_no is None)
    if home is None:
        return False
    home.meter = Meter(f"06{state.next_certificate + 60_000_000:08d}", "holder", True, False, rng.randint(25, 180))
    state.next_certificate += 1
    return True


def _old_and_alone(home: Household, period: Period) -> bool:
    present = home.present(period)
    return len(present) == 1 and present[0] is home.head and home.head.age_on(period.first_day) >= 60


def _support_granted(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    def is_free(home: Household) -> bool:
        return home.is_unaided and _old_and_alone(home, state.period)

    home = pick(rng, homes, is_free)
    if home is None:
        return False
    home.support = new_support(rng, home.head, state.next_certificate, state.period, home.place)
    home.head.labour = "5"
    state.next_certificate += 1
    return True


def _supported_death(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    """Who lived alone and dies ends the household: register, tekun roll and insurance all say so."""
    alive = [home for home in homes if home.support is not None and home.support.stopped is None]
    home = rng.choice(alive) if len(alive) > state.block.at_least(_ROLL_AT_LEAST) else None
    if home is None or home.support is None or home.support.started == state.period:
        return False
    home.support.stopped = ("1", state.period)
    home.head.left = ("21", state.period)
    home.gone = ("21", state.period)
    return True


def _house_damaged(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    home = pick(rng, homes, lambda home: home.house.grade == "B" and home.renovation is None)
    if home is None:
        return False
    home.house.grade = rng.choice("CCD")
    home.house.assessed = state.period.first_day + timedelta(days=rng.randint(2, 24))
    home.house.certificate_serial = state.next_certificate
    state.next_certificate += 1
    return True


def _renovation_planned(state: State, rng: Random, homes: Sequence[Household]) -> bool:
    def is_waiting(home: Household) -> bool:
        assessed = home.house.assessed
        return home.house.grade in {"C", "D"} and home.renovation is None and assessed is not None

    home = pick(rng, homes, is_waiting)
    if home is None or home.house.grade is None:
        return False
    home.renovation = new_renovation(rng, home.house.grade, state.next_certificate, state.period)
    state.next_certificate += 1
    return True


def _assess_renovated(state: State) -> None:
    """A house accepted last month is assessed anew and is safe."""
    last = state.period.shift(-1)
    for home in state.households:
        work = home.renovation
        if work is not None and last.first_day <= work.accepted <= last.last_day and home.house.grade in {"C", "D"}:
            home.house.grade, home.house.structure, home.house.built = "B", "2", work.plan_year
            home.house.assessed = state.period.first_day + timedelta(days=work.serial % 20)
            home.house.certificate_serial = state.next_certificate
            state.next_certificate += 1


_RATES: tuple[tuple[str, Event, float], ...] = (
    ("birth", _birth, 0.0015),
    ("death", _death, 0.0012),
    ("marriage_in", _marriage_in, 0.0008),
    ("move_out", _move_out, 0.0010),
    ("household_out", _household_out, 0.0004),
    ("new_monitored", _new_monitored, 0.0009),
    ("left_school", _leave_school, 0.0009),
    ("back_to_school", _return_to_school, 0.0007),
    ("new_certificate", _new_certificate, 0.0012),
    ("water_mended", _water_mended, 0.0004),
    ("allowance_stopped", _allowance_stopped, 0.0006),
    ("allowance_granted", _allowance_granted, 0.0007),
    ("connected", _connected, 0.0004),
    ("support_granted", _support_granted, 0.0006),
    ("supported_death", _supported_death, 0.0005),
    ("house_damaged", _house_damaged, 0.0006),
    ("renovation_planned", _renovation_planned, 0.0007),
    *TURNS,
)
"""Events per register household and month."""


def _fill_small_rolls(state: State, rng: Random) -> None:
    """A county of few households still has someone on every roll: an empty list is not a nil return."""
    supported = sum(home.support is not None for home in state.households)
    alone = [home for home in state.households if home.support is None and _old_and_alone(home, EPOCH)]
    for home in alone[: max(0, state.block.at_least(_ROLL_AT_LEAST) - supported)]:
        home.support = new_support(rng, home.head, state.next_certificate, EPOCH, home.place)
        home.allowance, home.head.labour = None, "5"
        state.next_certificate += 1
    renovated = sum(home.renovation is not None for home in state.households)
    safe = [home for home in state.households if home.renovation is None and home.house.grade in {"A", "B"}]
    for home in safe[: max(0, state.block.at_least(_ROLL_AT_LEAST) - renovated)]:
        home.renovation = new_renovation(rng, "C", state.next_certificate, Period(2017, 3))
        state.next_certificate += 1


def first_state(block: Block, seed: int) -> State:
    """The block in the month before anything happens."""
    ids = IdRegister(block.part(SEQUENCES))
    homes = [new_household(seed, serial, ids, block.where, is_registered=True) for serial in block.serials]
    homes += [new_household(seed, serial, ids, block.where, is_registered=False) for serial in block.outsiders]
    certificates = block.part(CERTIFICATES)
    state = State(seed, EPOCH, block.where, ids, homes, block.later.start, certificates.start, block)
    _fill_small_rolls(state, Random(f"{seed}/small/{block.position}"))  # noqa: S311 - invented data, not a secret
    rng = Random(f"{seed}/cases/{block.position}")  # noqa: S311 - invented data, not a secret
    for _ in range(max(block.at_least(_CASES_AT_LEAST), len(block.serials) // 400)):
        _leave_school(state, rng, homes[: len(block.serials)])
    return state


def advance(state: State) -> None:
    """Move the county on by one month, in place."""
    state.period = state.period.shift(1)
    state.events = []
    rng = Random(f"{state.seed}/month/{state.period}/{state.block.position}")  # noqa: S311 - invented data, not a secret
    _assess_renovated(state)
    homes = [home for home in state.households if home.number is not None and home.is_active(state.period)]
    for name, event, rate in _RATES:
        for _ in range(int(rate * len(homes) + rng.random())):
            if event(state, rng, homes):
                state.events.append(name)
    begin(state)


def check_wanted(periods: Sequence[Period]) -> None:
    """Raises ValueError for an empty list, for a month named twice and for months before the epoch."""
    if not periods:
        raise ValueError("ask for at least one month")
    if len(set(periods)) < len(periods):
        twice = sorted({str(period) for period in periods if list(periods).count(period) > 1})
        raise ValueError(f"{twice}: name each month once")
    if min(periods) < EPOCH:
        raise ValueError(f"[{min(periods)}]: the sample county begins in {EPOCH}; ask for months from then on")


def block_months(block: Block, seed: int, periods: Sequence[Period]) -> Iterator[State]:
    """The block in each period asked for, oldest first. The same object moves on: use it before asking for the next."""
    state = first_state(block, seed)
    wanted = set(periods)
    while True:
        if state.period in wanted:
            yield state
        if state.period >= max(periods):
            return
        advance(state)


def together(states: Sequence[State]) -> State:
    """All blocks of one month as one state, for looking at; it cannot be advanced."""
    first = states[0]
    homes = [home for state in states for home in state.households]
    events = [event for state in states for event in state.events]
    county = whole(first.county)
    return State(first.seed, first.period, county.where, first.ids, homes, 0, 0, county, events)


def months(households: int, seed: int, where: Sequence[Place], periods: Sequence[Period]) -> Iterator[State]:
    """The whole county in each period asked for, oldest first.

    What is drawn over all people of a block (settled visits) comes out otherwise than in the files. Raises ValueError
    for senseless requests.
    """
    check_wanted(periods)
    for states in zip(*(block_months(block, seed, periods) for block in cut(households, where)), strict=True):
        yield together(states)
