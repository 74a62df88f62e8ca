"""What the civil affairs office knows of single persons: tekun support and the two disability subsidies."""

from __future__ import annotations

from datetime import timedelta

from hearth.period import Period
from ingestion.sample.people import Person
from ingestion.sample.population import Household, Support
from ingestion.sample.records import Record, Value, noise, on_allowance, on_support, region
from ingestion.sample.state import State

BASIC = {"1": 1040.0, "2": 832.0}
"""Basic living amount per month by support_mode_code."""

CARE = {"1": None, "2": 320.0, "3": 640.0}
"""Care amount per month by self_care_level_code."""

LIVING_SUBSIDY = 80.0
CARE_SUBSIDY = {"1": 100.0, "2": 80.0, "3": 60.0}


def _payee(home: Household, person: Person, account: str) -> dict[str, Value]:
    return {
        **region(home.place, home.hamlet),
        "household_no": None,
        "person_name": person.name,
        "id_number": person.id_number,
        "bank_name": "示例农信社",
        "bank_account_name": person.name,
        "bank_account_number": account,
        "phone_number": None,
        "remark": None,
    }


def _in_order(homes: list[Household]) -> list[Household]:
    return sorted(homes, key=lambda home: (home.place.code, home.number is None, home.serial))


def _support(home: Household, support: Support) -> Record:
    mode = "1" if support.institution else "2"
    care = CARE[support.care_level]
    reason, month = support.stopped or (None, None)
    values: dict[str, Value] = {
        **_payee(home, support.holder, f"6200002{support.card_serial:012d}"),
        "card_no": f"T99{support.card_serial:08d}",
        "support_mode_code": mode,
        "basis_code": "2" if support.holder.disability else "1",
        "institution_name": support.institution,
        "self_care_level_code": support.care_level,
        "basic_amount_yuan": BASIC[mode],
        "care_amount_yuan": care,
        "total_amount_yuan": BASIC[mode] + (care or 0.0),
        "started_month": support.started,
        "stopped_month": month,
        "stop_reason_code": reason,
    }
    return Record(values, home.place, is_plain=reason is None)


def supported(state: State) -> list[Record]:
    """Grain supported person; support that ends in the month has its stop row."""
    found = []
    for home in _in_order([home for home in state.households if home.exists(state.period)]):
        support = home.support
        if support is None or support.started > state.period:
            continue
        if support.stopped is None or support.stopped[1] == state.period:
            found.append(_support(home, support))
    return found


def _has_care(person: Person) -> bool:
    """Grades 1 and 2, and 3 for intellectual and mental disability."""
    return person.disability is not None and (person.disability[1] in "12" or person.disability in {"53", "63"})


def _subsidies(home: Household, person: Person, period: Period) -> tuple[float | None, float | None]:
    is_poor = on_allowance(home, period) or home.monitor is not None
    care = CARE_SUBSIDY[person.disability[1]] if person.disability and _has_care(person) else None
    return LIVING_SUBSIDY if is_poor else None, care


def _stop(home: Household, person: Person, period: Period) -> str | None:
    """Why a subsidy of last month is not paid this month; None: nothing ended."""
    if person.left is not None and person.left[1] == period:
        return "1" if person.left[0] == "21" else "6"
    allowance = home.allowance
    was_poor = allowance is not None and allowance.stopped is not None and allowance.stopped[1] == period
    return "9" if was_poor and _subsidies(home, person, period) == (None, None) else None


def _disabled(state: State, home: Household, person: Person) -> Record | None:
    period = state.period
    reason = _stop(home, person, period)
    living, care = (None, None) if reason else _subsidies(home, person, period)
    if person.disability is None or (reason is None and living is None and care is None):
        return None
    since = noise(state, "subsidy", person.id_number)
    values: dict[str, Value] = {
        **_payee(home, person, f"6200003{home.serial:010d}{home.number is None:d}{home.members.index(person):d}"),
        "disability_certificate_number": person.id_number + person.disability + ("B1" if home.serial % 20 == 7 else ""),
        "guardian_name": home.head.name if person.disability[0] in "56" and person is not home.head else None,
        "disability_type_code": person.disability[0],
        "disability_grade_code": person.disability[1],
        "living_subsidy_yuan": living,
        "care_subsidy_yuan": care,
        "subsidy_type_code": None,
        "amount_yuan": None,
        "started_month": Period(2019, 1).shift(since.randrange(60)),
        "paid_month": period,
        "paid_date": period.first_day + timedelta(days=11),
        "stopped_month": period if reason else None,
        "stop_reason_code": reason,
    }
    return Record(values, home.place, is_plain=reason is None)


def disabled(state: State) -> list[Record]:
    """Grain person with a disability certificate who is paid at least one subsidy, or whose subsidy ends now."""
    found = []
    present = {p.id_number for home in state.resident for p in home.present(state.period) if p.disability is not None}
    for home in _in_order([home for home in state.households if home.exists(state.period)]):
        for person in home.members:
            # Whoever moved to another household of the county goes on being paid there.
            has_moved = person.left is not None and person.id_number in present
            if person.disability is None or not person.is_listed(state.period) or has_moved:
                continue
            if on_support(home, state.period):
                continue
            record = _disabled(state, home, person)
            if record is not None:
                found.append(record)
    return found
