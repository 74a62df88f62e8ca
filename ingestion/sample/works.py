"""Renovation of dangerous houses: the housing office's ledger, which is filled in and never shortened."""

from __future__ import annotations

from datetime import date

from ingestion.sample.population import Household, Renovation
from ingestion.sample.records import Record, Value, noise, region
from ingestion.sample.state import State

SUBSIDY = {"C": 14_000, "D": 35_000}
"""Yuan by grade of the house."""


def _household_type(home: Household, year: int) -> str:
    if home.support is not None and home.support.started.year <= year and home.support.institution is None:
        return "3"
    if home.allowance is not None and home.allowance.started.year <= year:
        return "2"
    return "1" if home.number is not None else "5"


def _known(day: date, until: date) -> date | None:
    return day if day <= until else None


def _renovation(state: State, home: Household, work: Renovation) -> Record:
    until, holder = state.period.last_day, work.holder or home.head
    rng = noise(state, "renovation", work.serial)
    dates = [_known(day, until) for day in (work.started, work.completed, work.accepted, work.paid)]
    subsidy = SUBSIDY[work.grade]
    central, provincial = subsidy * 6 // 10, subsidy // 4
    values: dict[str, Value] = {
        **region(home.place, home.hamlet),
        "household_no": None,
        "head_name": holder.name,
        "head_id_number": holder.id_number,
        "member_count": len(home.present(state.period)) or len(home.members),
        "archive_no": f"示危改[{work.plan_year}]{work.serial:08d}号",
        "plan_year": work.plan_year,
        "household_type_code": _household_type(home, work.plan_year),
        "house_grade_code": work.grade,
        "renovation_mode_code": "1" if work.grade == "C" else "2",
        "build_mode_code": "1",
        "structure_code": home.house.structure,
        "renovated_area_m2": float(rng.randint(40, 60)),
        "progress_code": str(sum(day is not None for day in dates[:3])),
        "is_seismic_passed": True if dates[2] else None,
        "started_date": dates[0],
        "completed_date": dates[1],
        "accepted_date": dates[2],
        "paid_date": dates[3],
        "subsidy_yuan": float(subsidy),
        "central_subsidy_yuan": float(central),
        "provincial_subsidy_yuan": float(provincial),
        "county_subsidy_yuan": float(subsidy - central - provincial),
        "paid_yuan": float(subsidy) if dates[3] else 0.0,
        "bank_name": "示例农信社",
        "bank_account_name": holder.name,
        "bank_account_number": f"6200004{work.serial:012d}",
        "phone_number": None,
        "remark": None,
    }
    return Record(values, home.place)


def renovations(state: State) -> list[Record]:
    """Grain household and plan year."""
    homes = [home for home in state.households if home.exists(state.period)]
    return [
        _renovation(state, home, home.renovation)
        for home in sorted(homes, key=lambda home: (home.place.code, home.number is None, home.serial))
        if home.renovation is not None and home.renovation.planned <= state.period
    ]
