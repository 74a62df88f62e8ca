"""What the other offices know of a month: certificates, insured persons, pupils, cases, houses, taps, meters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from hearth.period import Period
from ingestion.sample.people import Case, Person, school_year, schooling
from ingestion.sample.population import Household, Water
from ingestion.sample.records import Record, Value, noise, on_allowance, on_support, region
from ingestion.sample.state import State
from ingestion.sample.wiring import District, Scheme, is_failing, schemes

DIBAO_STANDARD = 560.0
PREMIUM = 400.0


def _in_order(homes: list[Household]) -> list[Household]:
    return sorted(homes, key=lambda home: (home.place.code, home.number is None, home.serial))


def allowances(state: State) -> list[Record]:
    """Grain dibao certificate; one that ends in the month has its stop row."""
    found = []
    for home in _in_order(state.resident):
        allowance, count = home.allowance, len(home.present(state.period))
        if allowance is None or allowance.started > state.period:
            continue
        if allowance.stopped is not None and allowance.stopped[1] != state.period:
            continue
        reason, month = allowance.stopped or (None, None)
        monthly = 0.0 if reason else float(allowance.monthly)
        aid = 120.0 if not reason and allowance.holder.age_on(state.period.last_day) >= 70 else None
        values: dict[str, Value] = {
            **region(home.place, home.hamlet),
            "household_no": None,
            "head_name": allowance.holder.name,
            "head_id_number": allowance.holder.id_number,
            "card_no": f"D99{allowance.card_serial:08d}",
            "category_code": "02",
            "tier_code": allowance.tier,
            "member_count": count,
            "covered_count": min(allowance.covered, count),
            "covered_id_number": (),
            "monthly_amount_yuan": monthly,
            "classified_aid_code": "1" if aid else None,
            "classified_aid_yuan": aid,
            "total_amount_yuan": monthly + (aid or 0.0),
            "standard_yuan": DIBAO_STANDARD,
            "cause_code": home.cause,
            "started_month": allowance.started,
            "paid_month": state.period,
            "paid_date": state.period.first_day + timedelta(days=9),
            "stopped_month": month,
            "stop_reason_code": reason,
            "bank_name": "示例农信社",
            "bank_account_name": allowance.holder.name,
            "bank_account_number": f"6200001{allowance.card_serial:012d}",
            "phone_number": f"1540001{home.serial % 10_000:04d}",
            "remark": None,
        }
        found.append(Record(values, home.place, is_plain=reason is None))
    return found


def _insurance(person: Person, period: Period) -> str:
    if person.left is not None and person.left == ("21", period):
        return "11"
    is_settled = person.joined is not None and period.months_since(person.joined[1]) > 2
    return "01" if person.insurance == "17" and is_settled else person.insurance


def _aid_code(home: Household, period: Period) -> str:
    if on_support(home, period):
        return "01"
    if home.number is None:
        return "00"
    return "02" if on_allowance(home, period) else "04" if home.monitor else "05"


def insured(state: State) -> list[Record]:
    """Grain person of the whole county, register or not; some people are on no roll."""
    found = []
    for home in _in_order(state.resident):
        is_outside = home.number is None
        aid_code = _aid_code(home, state.period)
        aid = {"00": 0.0, "01": PREMIUM, "02": PREMIUM, "04": 200.0, "05": 80.0}[aid_code]
        for position, person in enumerate(home.members):
            status = _insurance(person, state.period)
            if not status or not (person.is_member(state.period) or status == "11"):
                continue
            pays = status in {"01", "04"}
            values: dict[str, Value] = {
                **region(home.place, home.hamlet),
                "household_no": None,
                "person_name": person.name,
                "id_number": person.id_number,
                "medical_insurance_no": f"99{(home.serial * 2 + is_outside) * 20 + position:08d}",
                "insurance_year": state.period.year,
                "insurance_status_code": status,
                "premium_self_yuan": PREMIUM - aid if pays else None,
                "premium_aid_yuan": aid if pays else None,
                "paid_date": Period(state.period.year - 1, 11).first_day + timedelta(days=home.serial % 28),
                "premium_aid_code": aid_code,
                "is_family_account_paid": False,
                "has_serious_illness_insurance": person.serious if pays else None,
                "has_supplementary_insurance": None,
                "has_medical_aid": aid_code in {"01", "02", "04"},
                "phone_number": None,
                "remark": None,
            }
            found.append(Record(values, home.place))
    return found


def term(period: Period) -> str:
    """term_code of the month: ``2026-2027-1`` from September to January."""
    year = school_year(period)
    return f"{year}-{year + 1}-{1 if period.month >= 9 or period.month == 1 else 2}"


_SCHOOLS = {"1": "幼儿园", "2": "小学", "3": "中学", "4": "高级中学", "5": "职业学校"}


def pupil(state: State, home: Household, person: Person) -> dict[str, Value] | None:
    """The schooling columns of a child; None when the roll has no row."""
    period, now = state.period, schooling(person, state.period)
    age = person.age_on(period.last_day)
    has_case = person.case is not None and person.case.closed is None
    if has_case or (6 <= age <= 15 and person.schooling == "missing"):
        return None
    if now is None:
        if age > 15:
            return None
        return {"attendance_code": "5", "not_in_school_code": "07", "school_name": None, "stage_code": "3"}
    if now.stage is None or now.stage in {"6", "7"}:
        return None
    if person.schooling == "leave" and now.stage in {"2", "3"}:
        until = Period(school_year(period) + 1, 7).last_day
        absent: dict[str, Value] = {"attendance_code": "2", "not_in_school_code": "01", "leave_until_date": until}
        return absent | {"school_name": None, "stage_code": now.stage, "grade_no": now.grade}
    seat = home.place.township if now.stage in {"1", "2", "3"} else home.place.county
    return {
        "attendance_code": "1",
        "not_in_school_code": None,
        "school_name": f"{seat}示例{_SCHOOLS[now.stage]}",
        "stage_code": now.stage,
        "grade_no": now.grade,
        "schooling_mode_code": "4" if person.schooling == "home" and now.stage in {"2", "3"} else "1",
    }


def pupils(state: State) -> list[Record]:
    """Grain student and term: children known to the school roll, up to senior school."""
    found = []
    for home in _in_order(state.resident):
        for person in home.present(state.period):
            row = pupil(state, home, person)
            if row is None:
                continue
            values: dict[str, Value] = {
                **region(home.place, home.hamlet),
                "household_no": None,
                "person_name": person.name,
                "id_number": person.id_number,
                "term_code": term(state.period),
                "student_roll_number": f"G{person.id_number}",
                "stated_is_register_student": home.number is not None,
                "head_name": home.head.name,
                "school_code": None,
                "class_name": None,
                "grade_no": None,
                "schooling_mode_code": None,
                "leave_until_date": None,
                "boarding_code": ("2" if home.serial % 3 else "1") if row["attendance_code"] == "1" else None,
                "is_disabled_student": person.disability is not None,
                "disability_certificate_number": None,
                "school_place_code": ("1" if row["stage_code"] in {"1", "2", "3"} else "2")
                if row["attendance_code"] == "1"
                else None,
                "is_left_behind": None,
                "is_orphan": False,
                "phone_number": None,
                "remark": None,
                **row,
            }
            found.append(Record(values, home.place))
    return found


def _case(state: State, home: Household, person: Person, case: Case) -> Record:
    period, is_closed = state.period, case.closed is not None
    is_over_age = not is_closed and person.age_on(period.last_day) >= 16
    months = (case.closed or period).months_since(case.opened)
    now = schooling(person, case.opened)
    status = "4" if is_closed else "7" if is_over_age else "1" if months == 0 else "3"
    effort = (case.closed or period).first_day + timedelta(days=12 + home.serial % 12)
    values: dict[str, Value] = {
        **region(home.place, home.hamlet),
        "household_no": home.number,
        "person_name": person.name,
        "id_number": person.id_number,
        "guardian_name": home.head.name,
        "head_name": home.head.name,
        "address_line": None,
        "school_name": f"{home.place.township}示例{'小学' if now and now.stage == '2' else '中学'}",
        "grade_no": now.grade if now else None,
        "absent_since_date": case.absent_since,
        "dropout_month": case.opened,
        "reason_code": case.reason,
        "status_code": status,
        "effort_count": 2 + 2 * months,
        "last_effort_date": effort,
        "written_report_no": f"示教报[{case.opened.year}]{home.serial % 900 + 1}号",
        "closed_date": effort + timedelta(days=3) if is_closed or is_over_age else None,
        "exemption_document_no": None,
        "phone_number": None,
        "remark": None,
    }
    return Record(values, home.place, is_plain=not is_closed)


def absences(state: State) -> list[Record]:
    """Grain school-leaver case: open ones, and closed ones in the month of closing and the month after."""
    return [
        _case(state, home, person, person.case)
        for home in _in_order(state.resident)
        for person in home.present(state.period)
        if person.case is not None and (person.case.closed is None or person.case.closed.shift(1) >= state.period)
    ]


def houses(state: State) -> list[Record]:
    """Grain assessed house, the ledger as it stands."""
    found = []
    for home in _in_order([home for home in state.households if home.exists(state.period)]):
        house = home.house
        if house.grade is None or house.assessed is None:
            continue
        kind = "9" if home.number is None else "2" if on_allowance(home, state.period) else "1"
        kind = "3" if on_support(home, state.period) else kind
        serial = house.certificate_serial
        values: dict[str, Value] = {
            **region(home.place, home.hamlet),
            "household_no": None,
            "head_name": home.head.name,
            "head_id_number": home.head.id_number,
            "member_count": len(home.present(state.period)) or len(home.members),
            "household_type_code": kind,
            "certificate_no": f"示鉴[{house.assessed.year}]{serial:08d}号" if serial is not None else None,
            "certificate_date": house.assessed + timedelta(days=4),
            "house_seq": 1,
            "house_use_code": "1",
            "assessed_date": house.assessed,
            "house_grade_code": house.grade,
            "assessor_name": f"{home.place.county}示例房屋鉴定站",
            "structure_code": house.structure,
            "house_area_m2": float(house.area),
            "built_year": house.built,
            "address_line": None,
            "phone_number": None,
            "remark": None,
        }
        found.append(Record(values, home.place))
    return found


Ratings = tuple[str, str, str, str]


def _rating_values(ratings: Ratings, key: int) -> dict[str, Value]:
    quantity, quality, convenience, reliability = ratings
    return {
        "quantity_litres_per_day": {"1": 62.0, "2": 41.0, "3": 22.0}[quantity] + key % 7,
        "quantity_rating_code": quantity,
        "quality_rating_code": quality,
        "fetch_minutes": {"1": 0, "2": 15, "3": 35}[convenience],
        "fetch_distance_m": {"1": 0, "2": 600, "3": 1200}[convenience],
        "convenience_rating_code": convenience,
        "is_tap_connected": convenience == "1",
        "shortage_days": {"1": 3, "2": 24, "3": 60}[reliability],
        "reliability_percent": {"1": 97.0, "2": 92.0, "3": 81.0}[reliability],
        "reliability_rating_code": reliability,
        "verdict_code": "3" if "3" in ratings else "1" if set(ratings) == {"1"} else "2",
    }


def _ratings(state: State, water: Water, scheme: Scheme) -> Ratings:
    """While the scheme's tests fail, households no longer have full marks for quality."""
    quantity, quality, convenience, reliability = water.ratings or ("1", "1", "1", "1")
    if quality == "1" and water.is_central and is_failing(state.seed, state.period, scheme):
        quality = "2"
    return quantity, quality, convenience, reliability


def taps(state: State) -> list[Record]:
    """Grain register household with its drinking water."""
    tested = state.period.shift(-(state.period.month % 3) - 1)
    found = []
    for home in _in_order([home for home in state.registered if home.is_active(state.period)]):
        water = home.water
        if water.ratings is None:
            continue
        serial, scheme = water.certificate_serial, schemes(state.county)[home.place.code]
        values: dict[str, Value] = {
            **region(home.place, home.hamlet),
            "household_no": home.number if home.serial % 4 else None,
            "head_name": home.head.name,
            "head_id_number": home.head.id_number,
            "member_count": len(home.present(state.period)),
            "supply_mode_code": "1" if water.is_central else "2",
            "scheme_no": scheme.number if water.is_central else None,
            "scheme_name": scheme.name if water.is_central else None,
            "source_code": "1" if water.is_central else "2",
            "supply_time_code": "1" if water.is_central else None,
            **_rating_values(_ratings(state, water, scheme), home.serial),
            "has_test_report": True,
            "tested_date": tested.first_day + timedelta(days=14),
            "cut_days": 0,
            "acceptance_certificate_no": f"示水验[2023]{serial:08d}号" if serial is not None else None,
            "acceptance_date": Period(2023, 10).first_day + timedelta(days=home.serial % 28) if serial else None,
            "solution_code": "2" if water.is_central else "3",
            "phone_number": None,
            "remark": None,
        }
        found.append(Record(values, home.place))
    return found


def meters(state: State) -> list[Record]:
    """Grain electricity account, of register households and others."""
    found = []
    for home in _in_order(state.resident):
        meter = home.meter
        if meter.account_no is None:
            continue
        use = noise(state, f"kwh/{state.period}", meter.account_no).uniform(0.7, 1.3)
        # Nobody lives in the house of somebody who lives in an institution.
        is_empty = home.support is not None and home.support.institution is not None and on_support(home, state.period)
        kwh = round(meter.monthly_kwh * use * (0.05 if is_empty else 1), 2) if meter.is_supplied else 0.0
        by_number = meter.link == "household_no" and home.number is not None
        values: dict[str, Value] = {
            **region(home.place, home.hamlet),
            "org_name": f"{home.place.township}示例供电所",
            "account_no": meter.account_no,
            "account_name": home.head.name,
            "holder_id_number": None if by_number else home.head.id_number,
            "household_no": home.number if by_number else None,
            "address_line": None,
            "transformer_no": District.of(home).number,
            "transformer_name": District.of(home).name,
            "meter_no": None,
            "supply_voltage_code": "AC00022",
            "use_class_code": "201",
            "account_status_code": "1",
            "power_source_code": "1" if meter.is_supplied else "9",
            "connected_date": Period(2012, 1).shift(home.serial % 90).first_day,
            "has_living_power": meter.is_supplied,
            "has_production_power": meter.is_supplied,
            "is_low_voltage": meter.is_low_voltage,
            "usage_kwh": kwh,
            "bill_yuan": round(kwh * 0.45, 2),
            "free_kwh": None,
            "free_power_yuan": None,
            "phone_number": None,
            "remark": None,
        }
        found.append(Record(values, home.place))
    return found


def everyone(state: State) -> Iterator[Person]:
    """All people who live in the county in the month."""
    for home in state.resident:
        yield from home.present(state.period)
