"""Aid paid to students: two payment months a term, none in the others."""

from __future__ import annotations

from datetime import timedelta

from ingestion.sample.people import Person, schooling
from ingestion.sample.population import Household
from ingestion.sample.records import Record, Value, region
from ingestion.sample.services import pupil, term
from ingestion.sample.state import State

_FIRST, _SECOND = {4, 10}, {5, 11}
"""Months in which the education office pays, and in which vocational pupils get the 雨露 subsidy."""

_Grant = tuple[str, float, float | None]
"""programme_code, amount_yuan, waived_fee_yuan."""


def _grants(stage: str, *, is_boarding: bool) -> list[_Grant]:
    match stage:
        case "1":
            return [("01", 300.0, None)]
        case "2":
            return [("02", 625.0, None)] if is_boarding else [("03", 312.5, None)]
        case "3":
            return [("02", 750.0, None)] if is_boarding else [("03", 375.0, None)]
        case "4":
            return [("07", 1250.0, None), ("05", 0.0, 400.0)]
        case "5":
            return [("08", 1000.0, None)]
        case _:
            return []


def _paid(state: State, home: Household, person: Person, grant: _Grant, day: int) -> Record:
    programme, amount, waived = grant
    now = schooling(person, state.period)
    seat = pupil(state, home, person) or {}
    values: dict[str, Value] = {
        **region(home.place, home.hamlet),
        "household_no": None,
        "person_name": person.name,
        "id_number": person.id_number,
        "term_code": term(state.period),
        "programme_code": programme,
        "school_name": seat["school_name"],
        "stage_code": now.stage if now else None,
        "student_roll_number": f"G{person.id_number}",
        "amount_yuan": amount,
        "nutrition_meal_yuan": None,
        "waived_fee_yuan": waived,
        "paid_date": state.period.first_day + timedelta(days=day),
        "bank_name": "示例农信社",
        "bank_account_name": home.head.name,
        "bank_account_number": f"6200005{home.serial:011d}1",
        "phone_number": None,
        "remark": None,
    }
    return Record(values, home.place)


def aided(state: State) -> list[Record]:
    """Grain student, programme, term and payment: pupils of register households in the payment months."""
    month = state.period.month
    if month not in _FIRST | _SECOND:
        return []
    found = []
    for home in sorted(state.resident, key=lambda home: (home.place.code, home.serial)):
        for person in home.present(state.period) if home.number is not None else ():
            seat = pupil(state, home, person)
            if seat is None or seat["attendance_code"] != "1":
                continue
            stage = str(seat["stage_code"])
            grants = _grants(stage, is_boarding=home.serial % 3 != 0)
            if month in _SECOND:
                grants = [("10", 1500.0, None)] if stage == "5" else []
            found += [_paid(state, home, person, grant, 10 + int(stage)) for grant in grants]
    return found
