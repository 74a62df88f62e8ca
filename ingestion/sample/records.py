"""The register's view of a month: one record per household and per member, by canonical column name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from hearth.period import Period
from ingestion.sample.people import Person, full_name, schooling
from ingestion.sample.places import Place
from ingestion.sample.population import Household
from ingestion.sample.state import State

Value = str | int | float | bool | date | Period | tuple[str, ...] | None
"""What is true, before a department writes it down: codes, not labels; months as Period; lists as tuples.

A moment is a datetime, which is a date.
"""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the row says and that is not so, or looks as if it were not."""

    kind: str
    column: str
    story: str = ""
    """Serial of the story that it is part of; empty: a slip of this row alone."""
    appears: Period | None = None
    resolved: Period | None = None
    """The first month without it; None: it stays."""
    is_true: bool = False
    """The other side of the story: this row has it right."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row to be."""

    values: Mapping[str, Value]
    place: Place
    is_plain: bool = True
    """A fault planted here rejects this row and drags no other row with it."""
    notes: tuple[Note, ...] = ()
    disguise: Mapping[str, str] = field(default_factory=dict)
    """Column -> another way of writing the same (``disguises.py``)."""
    meant: str | None = None
    """ID number of the person who is meant, where the row names another or none that anybody has."""


def noise(state: State, kind: str, key: object) -> Random:
    """A random stream of its own for one figure of one subject."""
    return Random(f"{state.seed}/{kind}/{key}")  # noqa: S311 - invented data, not a secret


def region(place: Place, hamlet: str | None = None) -> dict[str, Value]:
    """The shared block of region columns."""
    return {
        "county_name": place.county,
        "township_name": place.township,
        "village_name": place.village,
        "hamlet_name": hamlet,
        "region_code": place.code,
    }


def on_allowance(home: Household, period: Period) -> bool:
    """Paid this month."""
    allowance = home.allowance
    return allowance is not None and allowance.started <= period and allowance.stopped is None


def on_support(home: Household, period: Period) -> bool:
    """The person living alone here is on the tekun roll this month."""
    support = home.support
    return support is not None and support.started <= period and support.stopped is None


def is_working(person: Person, period: Period) -> bool:
    """Works away from home in the month."""
    age = person.age_on(period.last_day)
    return person.works_away and labour_code(person, period) in {"1", "2"} and 16 <= age < 60


def labour_code(person: Person, period: Period) -> str:
    """labour_capacity_code as age, schooling and disability allow it."""
    age = person.age_on(period.last_day)
    if age < 16 or schooling(person, period) is not None:
        return "5"
    if age >= 60:
        return "4" if person.labour == "4" else "3" if age < 72 else "5"
    return person.labour


def _income(state: State, home: Household) -> dict[str, Value]:
    period, present = state.period, home.present(state.period) or home.members
    rng = noise(state, f"income/{period.year}", home.serial)
    workers = sum(is_working(person, period) for person in present)
    wage = workers * rng.randint(9000, 17000)
    dibao = home.allowance.monthly * 12 if home.allowance and on_allowance(home, period) else 0
    tekun = 12 * 832 if on_support(home, period) else 0
    pension = sum(1560 for person in present if person.age_on(period.last_day) >= 60)
    ecology = rng.choice((0, 0, 0, 320, 480))
    other = rng.choice((0, 150, 600, 1200))
    transfer = dibao + tekun + pension + ecology + other
    business = max(2600, home.income * len(present) - wage - transfer)
    business += business % 10
    expense = business // 10
    business += expense
    net = wage + business + transfer - expense
    return {
        "wage_income_yuan": float(wage),
        "business_income_yuan": float(business),
        "property_income_yuan": 0.0,
        "transfer_income_yuan": float(transfer),
        "business_expense_yuan": float(expense),
        "net_income_yuan": float(net),
        "net_income_per_capita_yuan": round(net / len(present), 2),
        "income_year": period.year - 1,
        "dibao_income_yuan": float(dibao),
        "tekun_income_yuan": float(tekun),
        "pension_income_yuan": float(pension),
        "family_planning_income_yuan": 0.0,
        "ecology_income_yuan": float(ecology),
        "other_transfer_income_yuan": float(other),
        "compliant_self_pay_yuan": 0.0,
        "returned_forest_mu": 3.0 if ecology else 0.0,
        "forest_land_mu": float(rng.randint(3, 24)),
    }


def _surveyed(home: Household, period: Period) -> Period:
    if home.visit_cycle < 0:
        return home.last_visit
    return period.shift(-((period.month - home.visit_cycle) % 6))


def _cause(home: Household, present: list[Person]) -> str:
    if any("3" in person.health or "2" in person.health for person in present):
        return "01"
    return "02" if any(person.disability for person in present) else home.cause


def _exit_month(home: Household, rng: Random) -> Period | None:
    drawn = Period(2018, 1).shift(rng.randrange(36))
    return (home.exited or drawn) if home.status in {"3", "4"} else None


def _household(state: State, home: Household) -> Record:
    period = state.period
    rng = noise(state, "household", home.serial)
    present = home.present(period) or home.members
    is_low = home.house.grade in {"C", "D"}
    monitor_class, monitored, risk = home.monitor or (None, None, None)
    is_known = home.status != "6"
    change = home.gone or (home.change if home.change is not None and home.change[1] == period else None)
    needs_notice = change is not None and change[0] in {"11", "12", "15"}
    helper = noise(state, "helper", home.place.code)
    values: dict[str, Value] = {
        **region(home.place, home.hamlet),
        "household_no": home.number,
        "head_name": home.head.name,
        "head_id_number": home.head.id_number,
        "member_count": len(present),
        "register_class_code": home.register_class,
        "poverty_attribute_code": "3" if on_support(home, period) else "2" if on_allowance(home, period) else "1",
        "poverty_status_code": home.status,
        "identification_standard_code": "1",
        "identified_month": Period(2014, 1).shift(rng.randrange(36)) if is_known else monitored,
        "exit_month": _exit_month(home, rng),
        "main_cause_code": _cause(home, present),
        "secondary_cause_code": rng.choice(((), ("06",), ("04", "06"))),
        "monitor_class_code": monitor_class,
        "monitored_month": monitored,
        "risk_code": (risk,) if risk else (),
        "is_risk_removed": home.cleared is not None if monitor_class else None,
        "risk_removed_month": home.cleared,
        "risk_removal_code": "1" if home.cleared else None,
        **_income(state, home),
        "arable_land_mu": rng.randint(5, 120) / 10,
        "orchard_mu": rng.randint(0, 60) / 10,
        "pasture_mu": 0.0,
        "water_surface_mu": 0.0,
        "house_area_m2": float(home.house.area),
        "stated_is_dangerous_house": is_low,
        "stated_house_grade_code": home.house.grade,
        "stated_is_water_safe": True if home.water.ratings is None else "3" not in home.water.ratings,
        "stated_has_living_power": home.meter.is_supplied,
        "stated_has_production_power": home.meter.is_supplied,
        "stated_has_dropout": any(person.case is not None and person.case.closed is None for person in present),
        "stated_has_uninsured_member": any(person.insurance == "16" for person in present),
        "is_food_met": home.food,
        "is_clothing_met": home.clothing,
        "surveyed_month": _surveyed(home, period) if home.food is not None or home.clothing is not None else None,
        "road_distance_km": rng.randint(0, 45) / 10,
        "road_type_code": rng.choice("2334"),
        "fuel_type_code": rng.choice("1144"),
        "has_sanitary_toilet": rng.random() < 0.9,
        "is_relocated": rng.random() < 0.06,
        "measure_code": ("01", "02") if monitor_class else (),
        "first_measure_month": monitored,
        "helper_name": full_name(helper, "示", "1"),
        "helper_id_number": None,
        "change_code": change[0] if change else None,
        "change_month": change[1] if change else None,
        "village_notice_date": period.first_day + timedelta(days=1) if needs_notice else None,
        "township_notice_date": period.first_day + timedelta(days=8) if needs_notice else None,
        "county_notice_date": period.first_day + timedelta(days=15) if needs_notice else None,
        "bank_name": "示例农信社",
        "bank_account_name": home.head.name,
        "bank_account_number": f"6200000{home.serial:011d}1",
        "phone_number": f"1540000{home.serial % 10_000:04d}",
        "remark": None,
    }
    return Record(values, home.place, is_plain=len(present) == 1 and (change is None or change[1] != period))


def households(state: State) -> list[Record]:
    """Grain household: those of the register, in the order of place and number."""
    homes = sorted(state.registered, key=lambda home: (home.place.code, home.serial))
    return [_household(state, home) for home in homes]


def _school_columns(person: Person, period: Period) -> tuple[str | None, str | None]:
    """(school_status_code, not_in_school_code)."""
    now, age = schooling(person, period), person.age_on(period.last_day)
    if person.case is not None and person.case.closed is None and age < 16:
        return None, person.case.reason
    if now is None:
        return None, "07" if age <= 15 else None
    return now.register_status, None


def _member(state: State, home: Household, person: Person, position: int) -> Record:
    period = state.period
    age = person.age_on(period.last_day)
    status, reason = _school_columns(person, period)
    works = is_working(person, period)
    change = person.left if person.left is not None and person.left[1] == period else None
    if change is None and person.joined is not None and person.joined[1] == period:
        change = person.joined
    is_dibao = on_allowance(home, period) and home.allowance is not None and position < home.allowance.covered
    is_employee = person.insurance in {"02", "05"}
    values: dict[str, Value] = {
        **region(home.place, home.hamlet),
        "household_no": home.number,
        "person_no": f"{home.number}{position + 1:02d}",
        "person_name": person.name,
        "id_number": person.id_number,
        "id_type_code": "01",
        "disability_certificate_number": f"{person.id_number}{person.disability}" if person.disability else None,
        "relation_code": person.relation,
        "sex_code": person.sex,
        "birth_date": person.birth,
        "ethnicity_code": person.ethnicity,
        "education_level_code": person.education if age >= 16 else None,
        "school_status_code": status,
        "not_in_school_code": reason,
        "health_status_code": person.health,
        "labour_capacity_code": labour_code(person, period),
        "work_months": float(min(8, period.month)) if works else None,
        "work_place_name": "省外" if works else None,
        "work_started_date": None,
        "work_ended_date": None,
        "public_post_months": None,
        "stated_is_resident_insured": not is_employee and person.insurance not in {"13", "16"},
        "stated_is_employee_insured": is_employee,
        "stated_has_serious_illness_insurance": person.serious,
        "stated_has_resident_pension": age >= 16,
        "stated_has_employee_pension": is_employee,
        "stated_is_dibao": is_dibao,
        "stated_is_tekun": on_support(home, period),
        "member_change_code": change[0] if change else None,
        "member_change_month": change[1] if change else None,
        "phone_number": None,
        "remark": None,
    }
    return Record(values, home.place, is_plain=person is not home.head and change is None)


def members(state: State) -> list[Record]:
    """Grain person of a register household; who leaves in the month still has the row that says so."""
    homes = sorted(state.registered, key=lambda home: (home.place.code, home.serial))
    return [
        _member(state, home, person, position)
        for home in homes
        for position, person in enumerate(home.members)
        if person.is_listed(state.period)
    ]
