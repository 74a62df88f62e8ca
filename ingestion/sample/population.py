"""Households of the county at the first month, each drawn from its own random stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from hearth.period import Period
from ingestion.sample.people import ISSUING_PREFIX, IdRegister, Person, any_surname, full_name
from ingestion.sample.places import Place

EPOCH = Period(2025, 1)
"""The month the invented county begins. Later months follow from it, so any month comes out the same in any run."""

_YES_NO: Mapping[str, bool | None] = {"yes": True, "no": False, "blank": None}
_PEOPLES = (
    ("07", 0.052),
    ("18", 0.026),
    ("06", 0.011),
    ("34", 0.01),
    ("14", 0.005),
    ("03", 0.004),
    ("20", 0.002),
    ("21", 0.002),
)
"""Shares of 彝, 傣, 苗, 布朗, 白, 回, 傈僳 and 佤; the others are 汉. Invented."""

_WIDOWERS = 0.45
"""Of parents who live with a child alone, the share of fathers: brings the sexes to about 51.5 to 48.5."""

_SIZES = (1, 2, 3, 4, 5, 6, 7)
_SIZE_WEIGHTS = (9, 20, 27, 27, 12, 4, 1)  # mean 3.29


@dataclass(slots=True)
class House:
    """The lived-in house and its newest assessment."""

    grade: str | None
    """None: never assessed."""
    assessed: date | None
    certificate_serial: int | None
    """None: assessed without a certificate."""
    area: int
    structure: str
    built: int


@dataclass(slots=True)
class Water:
    """Drinking water; ratings in the order quantity, quality, convenience, reliability."""

    ratings: tuple[str, str, str, str] | None
    """None: the water roll does not have the household."""
    is_central: bool
    certificate_serial: int | None


@dataclass(slots=True)
class Meter:
    """The electricity account; None in `account_no`: no account is known."""

    account_no: str | None
    link: str
    """How the account names its household: holder, household_no."""
    is_supplied: bool
    is_low_voltage: bool
    monthly_kwh: int


@dataclass(slots=True)
class Allowance:
    """A dibao certificate."""

    card_serial: int
    holder: Person
    covered: int
    monthly: int
    tier: str
    started: Period
    stopped: tuple[str, Period] | None = None


@dataclass(slots=True)
class Support:
    """Tekun support of a person who lives alone; the holder is the household's only member."""

    holder: Person
    card_serial: int
    started: Period
    institution: str | None
    """None: supported at home."""
    care_level: str
    stopped: tuple[str, Period] | None = None


@dataclass(slots=True)
class Renovation:
    """A dangerous house on its way from plan to payment; a date that lies ahead is not known yet."""

    plan_year: int
    serial: int
    grade: str
    planned: Period
    started: date
    completed: date
    accepted: date
    paid: date
    holder: Person | None = None
    """Whom the ledger names if it is no longer the head."""


@dataclass(slots=True)
class Household:
    """One household with what the departments know of it."""

    serial: int
    number: str | None
    """household_no; None outside the register."""
    place: Place
    hamlet: str
    members: list[Person]
    register_class: str
    status: str
    cause: str
    monitor: tuple[str, Period, str] | None
    """Monitor class, since, risk code."""
    food: bool | None
    clothing: bool | None
    visit_cycle: int
    """Visited in every month with month % 6 equal to it; -1: not since `last_visit`."""
    last_visit: Period
    income: int
    """Net income per head and year, before wages are counted anew."""
    house: House
    water: Water
    meter: Meter
    allowance: Allowance | None
    support: Support | None = None
    renovation: Renovation | None = None
    joined: Period | None = None
    gone: tuple[str, Period] | None = None
    """household_change code and month."""
    change: tuple[str, Period] | None = None
    """The newest change that did not end the household."""
    exited: Period | None = None
    """Left poverty within the sample's time."""
    cleared: Period | None = None
    """The risk for which it is monitored was removed."""
    head_at: int = 0
    """Position of the head among the members."""
    former_head: tuple[Person, Period] | None = None
    """The head before, until when."""
    divorced: tuple[Person, Period] | None = None
    """The spouse of the head who left, and when."""
    moved_from: tuple[Place, Period] | None = None
    """Where it lived before it moved within the county, until when."""

    @property
    def head(self) -> Person:
        return self.members[self.head_at]

    @property
    def is_unaided(self) -> bool:
        """Never on the dibao nor the tekun roll."""
        return self.allowance is None and self.support is None

    def exists(self, period: Period) -> bool:
        return self.joined is None or self.joined <= period

    def is_active(self, period: Period) -> bool:
        return self.exists(period) and (self.gone is None or self.gone[1] > period)

    def present(self, period: Period) -> list[Person]:
        """Members of the period."""
        return [person for person in self.members if person.is_member(period)]


def _chance(rng: Random, *choices: tuple[str, float], rest: str) -> str:
    draw = rng.random()
    for value, share in choices:
        if draw < share:
            return value
        draw -= share
    return rest


def new_person(
    rng: Random, ids: IdRegister, *, surname: str, sex: str, birth: date, relation: str, ethnicity: str
) -> Person:
    """A person with drawn traits. Shares are invented; most people are well provided for, a few are not."""
    age = EPOCH.year - birth.year
    disability = f"{rng.choice('1344456')}{rng.choice('1234')}" if rng.random() < 0.035 else None
    ill = (("2",) if rng.random() < (0.3 if age >= 60 else 0.05) else ()) + (("3",) if rng.random() < 0.01 else ())
    health = (*ill, *(("4",) if disability else ())) or ("1",)
    insurance = _chance(rng, ("02", 0.03), ("04", 0.015), ("16", 0.006), ("13", 0.002), ("", 0.008), rest="01")
    name = full_name(rng, surname, sex)
    id_number, born = ids.issue(birth, sex, rng)
    return Person(
        name=name,
        sex=sex,
        birth=born,
        id_number=id_number,
        relation=relation,
        ethnicity=ethnicity,
        education=rng.choice("1122" if age > 60 else "233344"),
        health=health,
        disability=disability,
        labour="4" if disability and disability[1] in "12" else _chance(rng, ("2", 0.1), ("3", 0.06), rest="1"),
        works_away=rng.random() < 0.4,
        insurance=insurance,
        serious=_YES_NO[_chance(rng, ("no", 0.002), ("blank", 0.01), rest="yes")],
        senior_path=_chance(rng, ("senior", 0.55), ("vocational", 0.35), rest="none"),
        goes_to_college=rng.random() < 0.5,
        schooling=_chance(rng, ("missing", 0.012), ("leave", 0.004), ("home", 0.004), rest="school"),
    )


def _birth(rng: Random, age: int) -> date:
    """A birth date that makes the age on the first day of the epoch."""
    turned = EPOCH.first_day.replace(year=EPOCH.year - age)
    return turned - timedelta(days=rng.randrange(365))


def _family(rng: Random, ids: IdRegister, size: int) -> list[Person]:
    surname, ethnicity = any_surname(rng), _chance(rng, *_PEOPLES, rest="01")
    head_age = rng.randint(45, 93) if size == 1 else rng.randint(48, 78) if size == 2 else rng.randint(30, 54)
    head_sex = _chance(rng, ("2", 0.16), rest="1")
    members = [(surname, head_sex, head_age, "02")]
    if size >= 3 or (size == 2 and rng.random() < 0.75):
        spouse_age = max(22, head_age + rng.randint(-4, 3))
        members.append((any_surname(rng), "2" if head_sex == "1" else "1", spouse_age, "10"))
    parents = 2 if size >= 6 else 1 if size == 5 or (size == 4 and rng.random() < 0.3) else 0
    old = [("2", "52"), ("1", "51")]
    if parents == 1 and rng.random() < _WIDOWERS:
        old.reverse()
    for sex, relation in old[:parents]:
        members.append((surname, sex, min(92, head_age + rng.randint(20, 30)), relation))
    while len(members) < size:
        sex = rng.choice("12")
        age = rng.randint(max(0, head_age - 38), head_age - 21)
        members.append((surname, sex, age, "20" if sex == "1" else "30"))
    return [
        new_person(rng, ids, surname=name, sex=sex, birth=_birth(rng, age), relation=relation, ethnicity=ethnicity)
        for name, sex, age, relation in members
    ]


def _house(rng: Random, serial: int) -> House:
    grade = _chance(rng, ("A", 0.42), ("B", 0.5), ("C", 0.012), ("D", 0.006), rest="")
    # Certificates are valid 60 months: one in fifty is from before, so it has run out by any month of the sample.
    first = date(2018, 3, 1) if rng.random() < 0.02 else date(2023, 1, 1)
    assessed = first + timedelta(days=rng.randrange(600))
    has_certificate = bool(grade) and rng.random() > 0.015
    return House(
        grade=grade or None,
        assessed=assessed if grade else None,
        certificate_serial=serial if has_certificate else None,
        area=rng.randint(60, 160),
        structure=rng.choice("112234"),
        built=rng.randint(1985, 2022),
    )


def _water(rng: Random, serial: int) -> Water:
    kind = _chance(rng, ("none", 0.02), ("bad", 0.012), ("basic", 0.25), rest="good")
    ratings = ["1", "1", "1", "1"]
    if kind in {"bad", "basic"}:
        ratings[rng.randrange(4)] = "3" if kind == "bad" else "2"
    certificate = serial if kind in {"good", "basic"} and rng.random() > 0.015 else None
    first, second, third, fourth = ratings
    return Water((first, second, third, fourth) if kind != "none" else None, rng.random() < 0.88, certificate)


def _meter(rng: Random, serial: int) -> Meter:
    return Meter(
        account_no=f"06{serial + 10_000_000:08d}" if rng.random() > 0.012 else None,
        link="holder" if rng.random() < 0.75 else "household_no",
        is_supplied=rng.random() > 0.004,
        is_low_voltage=rng.random() < 0.004,
        monthly_kwh=rng.randint(25, 210),
    )


def new_allowance(rng: Random, members: Sequence[Person], serial: int, started: Period) -> Allowance:
    """A dibao certificate; the holder is usually, not always, the register's head."""
    adults = [person for person in members if person.age_on(EPOCH.first_day) >= 25]
    holder = rng.choice(adults) if adults and rng.random() < 0.12 else members[0]
    covered = len(members) if rng.random() < 0.7 else rng.randint(1, len(members))
    tier = rng.choice("ABC")
    return Allowance(serial, holder, covered, covered * {"A": 480, "B": 370, "C": 290}[tier], tier, started)


def new_renovation(rng: Random, grade: str, serial: int, planned: Period) -> Renovation:
    """Planned in the month, begun the month after, accepted and paid about half a year later."""
    started = planned.shift(1).first_day + timedelta(days=rng.randrange(25))
    completed = started + timedelta(days=rng.randint(75, 110))
    accepted = completed + timedelta(days=rng.randint(8, 25))
    paid = accepted + timedelta(days=rng.randint(20, 40))
    return Renovation(planned.year, serial, grade, planned, started, completed, accepted, paid)


def _earlier_renovation(rng: Random, house: House, serial: int) -> Renovation | None:
    """Some safe houses of today were renovated before their newest assessment."""
    if house.grade not in {"A", "B"} or house.assessed is None or rng.random() > 0.07:
        return None
    renovation = new_renovation(rng, rng.choice("CCD"), serial, Period(rng.randint(2016, 2021), rng.randint(2, 8)))
    return renovation if renovation.accepted < house.assessed else None


def new_support(rng: Random, holder: Person, serial: int, started: Period, place: Place) -> Support:
    """Support at home or, for one in four, in the township's institution."""
    institution = f"{place.township}示例敬老院" if rng.random() < 0.25 else None
    return Support(holder, serial, started, institution, rng.choice("23" if institution else "1112"))


def _supported(rng: Random, home: Household, serial: int) -> Support | None:
    is_old_and_alone = len(home.members) == 1 and home.head.age_on(EPOCH.first_day) >= 60
    if not is_old_and_alone or rng.random() > 0.5:
        return None
    return new_support(rng, home.head, serial, Period(2019, 1).shift(rng.randrange(70)), home.place)


def household_number(serial: int) -> str:
    """16 digits that no office issued; numbers ending in 000 would look damaged in a text file (GEN-15)."""
    return f"{ISSUING_PREFIX}{7_000_001 + serial + serial // 999:010d}"


def new_household(seed: int, serial: int, ids: IdRegister, where: Sequence[Place], *, is_registered: bool) -> Household:
    """Household number `serial`, from its own stream: others do not change when one is added."""
    rng = Random(f"{seed}/household/{serial}/{is_registered}")  # noqa: S311 - invented data, not a secret
    place = rng.choice(where)
    members = _family(rng, ids, rng.choices(_SIZES, _SIZE_WEIGHTS)[0])
    is_border = rng.random() < 0.06
    monitor = None
    if is_border or rng.random() < 0.03:
        since = Period(2023, 1).shift(rng.randrange(23))
        monitor = ("2" if is_border else "1", since, rng.choice(("07", "14", "15")))
    account_serial = serial if is_registered else serial + 5_000_000
    home = Household(
        serial=serial,
        number=household_number(serial) if is_registered else None,
        place=place,
        hamlet=f"{rng.choice('一二三四五六七八九')}组",
        members=members,
        register_class="3" if is_border else "1",
        status="6" if is_border else _chance(rng, ("4", 0.2), ("1", 0.004), rest="3"),
        cause=rng.choice(("05", "07", "09", "10", "11")),
        monitor=monitor,
        food=_YES_NO[_chance(rng, ("no", 0.003), ("blank", 0.008), rest="yes")],
        clothing=_YES_NO[_chance(rng, ("no", 0.002), ("blank", 0.008), rest="yes")],
        visit_cycle=rng.randrange(6) if rng.random() > 0.015 else -1,
        last_visit=Period(2023, 6).shift(rng.randrange(5)),
        income=rng.randint(7800, 19500),
        house=_house(rng, account_serial),
        water=_water(rng, account_serial),
        meter=_meter(rng, account_serial),
        allowance=new_allowance(rng, members, account_serial, Period(2019, 1).shift(rng.randrange(70)))
        if rng.random() < (0.13 if is_registered else 0.1)
        else None,
    )
    # What came to the sample later draws from a stream of its own, so that the rest stays as it was.
    later = Random(f"{seed}/later/{serial}/{is_registered}")  # noqa: S311 - invented data, not a secret
    home.renovation = _earlier_renovation(later, home.house, account_serial)
    home.support = _supported(later, home, account_serial)
    if home.support is not None:
        home.allowance = None
        home.head.labour = "5"
    return home
