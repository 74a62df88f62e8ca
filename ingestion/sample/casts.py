"""Of whom a story can be told: tests of a household in a month, each giving the persons concerned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hearth.period import Period
from ingestion.sample.people import Person, schooling
from ingestion.sample.population import Household
from ingestion.sample.records import is_working, on_allowance, on_support

Cast = Callable[[Household, Period], Sequence[Person]]


def _home(test: Callable[[Household, Period], bool]) -> Cast:
    """The household as such: its head stands for it."""
    return lambda home, period: [home.head] if test(home, period) else []


def _people(test: Callable[[Household, Person, Period], bool]) -> Cast:
    return lambda home, period: [person for person in home.present(period) if test(home, person, period)]


def _is_dangerous(home: Household) -> bool:
    return home.house.grade in {"C", "D"} and home.house.certificate_serial is not None


def _is_safe(home: Household) -> bool:
    return home.house.grade in {"A", "B"} and home.house.certificate_serial is not None


def _has_bad_water(home: Household) -> bool:
    return home.water.ratings is not None and "3" in home.water.ratings


def _has_good_water(home: Household) -> bool:
    return (
        home.water.ratings is not None and "3" not in home.water.ratings and home.water.certificate_serial is not None
    )


def _has_power(home: Household) -> bool:
    return home.meter.account_no is not None and home.meter.is_supplied


def _is_pupil(person: Person, period: Period, low: int, high: int) -> bool:
    is_there = person.case is None and person.schooling == "school" and schooling(person, period) is not None
    return is_there and low <= person.age_on(period.last_day) <= high


def _is_adult(person: Person, period: Period) -> bool:
    return 20 <= person.age_on(period.last_day) <= 55


CASTS: Mapping[str, Cast] = {
    "any": _home(lambda _home, _period: True),
    "on_dibao": lambda home, period: [home.allowance.holder] if home.allowance and on_allowance(home, period) else [],
    "holder_not_head": lambda home, period: (
        [home.allowance.holder]
        if home.allowance and on_allowance(home, period) and home.allowance.holder is not home.head
        else []
    ),
    "on_support": _home(on_support),
    "on_no_roll": _home(lambda home, _period: home.is_unaided),
    "safe_house": _home(lambda home, _period: _is_safe(home)),
    "dangerous_house": _home(lambda home, _period: _is_dangerous(home)),
    "dangerous_without_plan": _home(lambda home, _period: _is_dangerous(home) and home.renovation is None),
    "exited_in_danger": _home(lambda home, _period: _is_dangerous(home) and home.status in {"3", "4"}),
    "renovated": _home(lambda home, period: home.renovation is not None and home.renovation.planned <= period),
    "renovated_on_no_roll": _home(
        lambda home, period: home.renovation is not None and home.renovation.planned <= period and home.is_unaided
    ),
    "good_water": _home(lambda home, _period: _has_good_water(home)),
    "full_marks": _home(lambda home, _period: home.water.is_central and set(home.water.ratings or "0") == {"1"}),
    "bad_water": _home(lambda home, _period: _has_bad_water(home)),
    "exited_with_bad_water": _home(lambda home, _period: _has_bad_water(home) and home.status in {"3", "4"}),
    "has_power": _home(lambda home, _period: _has_power(home)),
    "has_power_on_no_roll": _home(lambda home, _period: _has_power(home) and home.is_unaided),
    "has_power_and_safe_house": _home(lambda home, _period: _has_power(home) and _is_safe(home)),
    "lived_in": _home(
        lambda home, period: (
            _has_power(home)
            and any(p.age_on(period.last_day) >= 16 and not is_working(p, period) for p in home.present(period))
        )
    ),
    "known_by_number": _home(
        lambda home, _period: _has_power(home) and home.meter.link == "household_no" and home.number is not None
    ),
    "known_by_water": _home(lambda home, _period: _has_good_water(home) and home.serial % 4 != 0),
    "exited": _home(lambda home, _period: home.status == "3" and home.monitor is None),
    "healthy_home": _home(
        lambda home, period: not any({"2", "3"} & set(person.health) for person in home.present(period))
    ),
    "with_spouse": _home(
        lambda home, period: any(p.relation == "10" for p in home.present(period)) and _has_good_water(home)
    ),
    "alone_and_able": _home(
        lambda home, period: (
            len(home.present(period)) == 1 and home.is_unaided and home.head.age_on(period.last_day) < 59
        )
    ),
    "alone_and_old": _home(
        lambda home, period: (
            len(home.present(period)) == 1 and home.is_unaided and 60 <= home.head.age_on(period.last_day) < 72
        )
    ),
    "in_institution": _home(
        lambda home, period: (
            on_support(home, period)
            and home.support is not None
            and home.support.institution is not None
            and len(home.present(period)) == 1
            and _has_power(home)
        )
    ),
    "exits_now": _home(lambda home, period: home.exited == period and home.change == ("15", period)),
    "just_cleared": _home(
        lambda home, period: home.cleared is not None and 1 <= period.months_since(home.cleared) <= 2
    ),
    "exited_on_dibao": lambda home, period: (
        [home.allowance.holder]
        if home.allowance and on_allowance(home, period) and home.exited and 0 < period.months_since(home.exited) <= 12
        else []
    ),
    "new_home": _home(lambda home, period: home.joined is not None and 0 <= period.months_since(home.joined) <= 1),
    "pupil": _people(lambda _home, person, period: _is_pupil(person, period, 7, 13)),
    "grown_pupil": _people(lambda _home, person, period: _is_pupil(person, period, 8, 11)),
    "senior_pupil": _people(lambda _home, person, period: _is_pupil(person, period, 16, 17)),
    "out_of_school": _people(lambda _home, person, _period: person.case is not None and person.case.closed is None),
    "adult": _people(lambda home, person, period: person is not home.head and _is_adult(person, period)),
    "insured": _people(lambda home, person, _period: person.insurance == "01" and person is not home.head),
    "insured_on_no_roll": _people(lambda home, person, _period: person.insurance == "01" and home.is_unaided),
    "insured_on_dibao": _people(lambda home, person, period: person.insurance == "01" and on_allowance(home, period)),
    "uninsured": _people(lambda _home, person, _period: person.insurance == "16"),
    "worker": _people(lambda _home, person, period: is_working(person, period)),
    "chronic": _people(
        lambda home, person, period: (
            "2" in person.health and person is not home.head and person.age_on(period.last_day) > 50
        )
    ),
    "disabled": _people(lambda home, person, _period: person.disability is not None and person is not home.head),
    "badly_disabled": _people(
        lambda home, person, period: (
            person.disability is not None and person.disability[1] in "12" and on_allowance(home, period)
        )
    ),
}
"""Name in ``stories/*.yaml`` -> the persons concerned; none where the story cannot be told of the household."""
