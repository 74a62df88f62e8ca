"""What the health offices know of single persons: settled visits and family-doctor contracts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from random import Random

from hearth.period import Period
from ingestion.sample.people import MOVED, Person
from ingestion.sample.population import Household
from ingestion.sample.records import Record, Value, noise, on_allowance, on_support, region
from ingestion.sample.state import State

VISITS = 0.02
"""Settled visits per person and month."""

REVERSED = 0.04
"""Share of settlements that are reversed and settled anew in the same month."""

_DISEASES = ("肺炎", "慢性支气管炎", "腰椎间盘突出", "急性阑尾炎", "高血压病", "2型糖尿病", "脑梗死")
_AMOUNTS = (
    "total_cost_yuan",
    "in_scope_cost_yuan",
    "deductible_yuan",
    "basic_pay_yuan",
    "serious_illness_pay_yuan",
    "medical_aid_pay_yuan",
    "other_pay_yuan",
    "fund_total_yuan",
    "self_pay_yuan",
    "compliant_self_pay_yuan",
    "hospital_share_yuan",
)


def _hospital(home: Household, care_place: str, rng: Random) -> tuple[str, str]:
    """(institution_name, institution_level_code)."""
    match care_place:
        case "1" if rng.random() < 0.4:
            return f"{home.place.township}示例卫生院", "1"
        case "1":
            return f"{home.place.county}示例人民医院", "2"
        case "2":
            return "示例市人民医院", "3"
        case _:
            return "示例省第一人民医院", "3"


def _bill(rng: Random, *, is_aided: bool, is_inpatient: bool) -> dict[str, Value]:
    """Who paid what; counted in fen so that the parts add up."""
    total = rng.randint(80_000, 3_000_000) if is_inpatient else rng.randint(6_000, 60_000)
    in_scope = total * rng.randint(84, 96) // 100
    deductible = 0 if is_aided or not is_inpatient else min(20_000, in_scope)
    basic = (in_scope - deductible) * rng.choice((65, 70, 75)) // 100
    serious = (in_scope - basic) * 40 // 100 if total > 1_500_000 else 0
    aid = (in_scope - basic - serious) * 50 // 100 if is_aided else 0
    fund = basic + serious + aid
    parts = (total, in_scope, deductible, basic, serious, aid, 0, fund, total - fund, in_scope - fund, 0)
    return {name: fen / 100 for name, fen in zip(_AMOUNTS, parts, strict=True)}


def _visit(state: State, home: Household, person: Person, number: int, rng: Random) -> dict[str, Value]:
    period = state.period
    visit_type = rng.choices("123", (55, 40, 5))[0]
    is_inpatient = visit_type == "1"
    care_place = rng.choices("1234", (80, 12, 6, 2))[0] if is_inpatient else "1"
    settled = period.first_day + timedelta(days=rng.randrange(period.last_day.day))
    stay = timedelta(days=rng.randint(3, 14))
    institution, level = _hospital(home, care_place, rng)
    is_aided = on_allowance(home, period) or on_support(home, period) or home.monitor is not None
    is_away = care_place != "1"
    is_referred = is_away and rng.random() < 0.95
    return {
        **region(home.place, home.hamlet),
        "household_no": None,
        "person_name": person.name,
        "id_number": person.id_number,
        "settlement_no": f"S{period.year}{period.month:02d}99{number:06d}",
        "visit_no": f"Z{period.year % 100}{period.month:02d}{number:06d}",
        "visit_type_code": visit_type,
        "person_class": "特殊困难人员" if is_aided else "普通居民",
        "institution_name": institution,
        "institution_level_code": level,
        "care_place_code": care_place,
        "admitted_date": settled - stay if is_inpatient else None,
        "discharged_date": settled if is_inpatient else None,
        "settled_date": settled,
        "disease_name": rng.choice(_DISEASES),
        "major_disease_name": None,
        "outcome_code": rng.choice("1222") if is_inpatient else None,
        **_bill(rng, is_aided=is_aided, is_inpatient=is_inpatient),
        "is_one_stop": not is_away,
        "is_referred": is_referred if is_away else False,
        "referral_no": f"R{period.year}{number:06d}" if is_referred else None,
        "is_reversal": False,
        "original_settlement_no": None,
        "phone_number": None,
        "remark": None,
    }


def _reversal(values: Mapping[str, Value]) -> dict[str, Value]:
    amounts: dict[str, Value] = {name: -value for name in _AMOUNTS if isinstance(value := values[name], int | float)}
    number = str(values["settlement_no"])
    changed: dict[str, Value] = {"settlement_no": f"{number}C", "is_reversal": True, "original_settlement_no": number}
    return {**values, **amounts, **changed}


def visits(state: State) -> list[Record]:
    """Grain settlement of the month: a reversed one, its reversal and the right one are three rows."""
    people = [
        (home, person)
        for home in sorted(state.resident, key=lambda home: (home.place.code, home.number is None, home.serial))
        for person in home.present(state.period)
        if person.insurance in {"01", "02", "04"}
    ]
    rng = noise(state, "visits", f"{state.period}/{state.block.position}")
    numbers = state.block.part(range(1, 1_000_000))
    found: list[Record] = []
    for number, (home, person) in zip(numbers, rng.sample(people, round(len(people) * VISITS)), strict=False):
        values = _visit(state, home, person, number, rng)
        is_reversed = rng.random() < REVERSED
        found.append(Record(values, home.place, is_plain=not is_reversed))
        if is_reversed:
            anew = {**values, **_bill(rng, is_aided=True, is_inpatient=values["visit_type_code"] == "1")}
            anew["settlement_no"] = f"{values['settlement_no']}A"
            found += [Record(_reversal(values), home.place, is_plain=False), Record(anew, home.place, is_plain=False)]
    return found


def _chronic(person: Person, rng: Random) -> tuple[str, ...]:
    if "2" not in person.health:
        return ()
    return rng.choices((("1",), ("2",), ("1", "2"), ("3",), ("4",)), (60, 22, 13, 2, 3))[0]


def _followups(period: Period, turn: int) -> list[int]:
    """Months of this year with a visit: January and every third month, which differs from person to person."""
    return [month for month in range(1, period.month + 1) if month == 1 or (month - 1) % 3 == turn]


def _contract(state: State, home: Household, person: Person) -> Record:
    period = state.period
    rng = noise(state, f"contract/{period.year}", person.id_number)
    draw, day, visit_day, turn = rng.random(), rng.randint(2, 9), rng.randint(10, 26), rng.randrange(3)
    reason = None
    if draw < 0.03:
        reason = "04" if person.works_away else rng.choice(("05", "13", "15"))
    first = Period(period.year, 1)
    if person.joined is not None and person.joined[0] not in MOVED and person.joined[1] > first:
        first = person.joined[1]
    chronic = _chronic(person, rng)
    months = _followups(period, turn) if chronic and draw < 0.985 else []
    is_new = first.month > 1
    values: dict[str, Value] = {
        **region(home.place, home.hamlet),
        "household_no": None,
        "person_name": person.name,
        "id_number": person.id_number,
        "contract_year": period.year,
        "is_signed": reason is None,
        "signed_date": first.first_day + timedelta(days=day - 1) if reason is None else None,
        "institution_name": f"{home.place.township}示例卫生院",
        "doctor_name": f"示{'甲乙丙丁'[home.serial % 4]}",
        "unsigned_reason_code": reason,
        "chronic_disease_code": () if is_new else chronic,
        "followup_count": None if is_new or not chronic else len(months),
        "last_followup_date": Period(period.year, months[-1]).first_day + timedelta(days=visit_day - 1)
        if months and not is_new
        else None,
        "is_medicine_delivered": rng.random() < 0.6 if chronic and not is_new else None,
        "phone_number": None,
        "remark": None,
    }
    return Record(values, home.place)


def signed(state: State) -> list[Record]:
    """Grain person on the doctors' list: everyone of the register, and of others the old, the ill and the disabled."""
    day = state.period.last_day
    return [
        _contract(state, home, person)
        for home in sorted(state.resident, key=lambda home: (home.place.code, home.number is None, home.serial))
        for person in home.present(state.period)
        if home.number is not None or person.age_on(day) >= 65 or "2" in person.health or person.disability
    ]
