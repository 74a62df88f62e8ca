"""Pipes and wires: water schemes, transformer districts, outages and voltage, by village and not by household."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from hearth.period import Period
from ingestion.sample.places import Place
from ingestion.sample.population import Household
from ingestion.sample.records import Record, Value, noise, region
from ingestion.sample.state import State
from ingestion.sample.wiring import DISTRICTS, District, Scheme, districts, is_failing, schemes

OTHERS_EACH = 3
"""Persons of a household of whom no roll names one."""

STANDARD_KVA = (30, 50, 80, 100, 125, 160, 200, 250, 315, 400, 500)


@dataclass(frozen=True, slots=True)
class _Served:
    """Who drinks from a scheme in one village."""

    households: int
    people: int
    register_households: int
    register_people: int


def _others(state: State, place: Place) -> int:
    """Households of a village of whom no roll of the sample names a person."""
    return noise(state, "others", place.code).randint(60, 260)


def _served(state: State, place: Place, homes: Sequence[Household]) -> _Served:
    """Households of the sample, and the village's others, of whom no other feed knows a person."""
    mine = [home for home in homes if home.number is None or (home.water.ratings is not None and home.water.is_central)]
    listed = [home for home in mine if home.number is not None]
    others = _others(state, place)
    return _Served(
        households=others + len(mine),
        people=others * OTHERS_EACH + sum(len(home.present(state.period)) for home in mine),
        register_households=len(listed),
        register_people=sum(len(home.present(state.period)) for home in listed),
    )


def _scheme_class(people: int) -> str:
    return "3" if people >= 1000 else "4"


def _scheme(state: State, place: Place, scheme: Scheme, served: _Served, people: int) -> Record:
    period = state.period
    days = period.last_day.day
    rng = noise(state, "scheme", scheme.number)
    now = noise(state, f"scheme/{period}", scheme.number)
    tests, is_bad = now.randint(1, 2), is_failing(state.seed, period, scheme)
    cut = now.choice((0, 0, 0, 0, 1, 2))
    design = round(people * 0.12, 1)
    built = Period(rng.randint(2008, 2019), rng.randint(1, 12))
    charge = rng.choice("1123")
    values: dict[str, Value] = {
        **region(place),
        "scheme_no": scheme.number,
        "scheme_name": scheme.name,
        "scheme_class_code": _scheme_class(people),
        "supply_mode_code": "1",
        "intake_code": rng.choice("123"),
        "design_m3_per_day": design,
        "actual_m3_per_day": round(served.people * now.uniform(0.07, 0.1), 1),
        "design_population": people + 60,
        "served_household_count": served.households,
        "served_population": served.people,
        "served_register_household_count": served.register_households,
        "served_register_population": served.register_people,
        "tap_household_count": served.households - rng.randint(0, 4),
        "reliability_percent": round(now.uniform(93, 99.5), 2),
        "supply_days": days - cut,
        "outage_days": cut,
        "quality_test_count": tests,
        "quality_pass_count": tests - 1 if is_bad else tests,
        "tested_date": period.first_day + timedelta(days=now.randint(8, 22)),
        "quality_result_code": "2" if is_bad else "1",
        "has_treatment": rng.random() < 0.8,
        "has_disinfection": rng.random() < 0.9,
        "management_unit_name": f"{place.stem}示例供水协会",
        "acceptance_certificate_no": f"示水验[{built.year + 1}]{scheme.number[-6:]}号",
        "acceptance_date": built.shift(6).first_day,
        "charge_mode_code": charge,
        "price_yuan_per_m3": 2.5 if charge == "1" else None,
        "fee_yuan_per_household_month": 8.0 if charge == "2" else None,
        "completed_month": built,
        "phone_number": None,
        "remark": None,
    }
    return Record(values, place)


def _by_village(state: State) -> Mapping[str, list[Household]]:
    homes: dict[str, list[Household]] = defaultdict(list)
    for home in state.resident:
        homes[home.place.code].append(home)
    return homes


def rural_population(state: State) -> dict[str, tuple[int, int]]:
    """Village of the block -> households and persons who live there, on the register, on another roll or on none."""
    homes, found = _by_village(state), {}
    for place in state.where:
        mine, others = homes[place.code], _others(state, place)
        people = sum(len(home.present(state.period)) for home in mine)
        found[place.code] = (others + len(mine), others * OTHERS_EACH + people)
    return found


def waterworks(state: State) -> list[Record]:
    """Grain scheme and served village."""
    homes = _by_village(state)
    known = schemes(state.county)
    served = {place.code: _served(state, place, homes[place.code]) for place in state.where}
    people: Counter[str] = Counter()
    for place in state.where:
        people[known[place.code].number] += served[place.code].people
    return [
        _scheme(state, place, known[place.code], served[place.code], people[known[place.code].number])
        for place in state.where
    ]


def _accounts(state: State) -> Mapping[str, list[Household]]:
    """Households with an account, by transformer number."""
    found: dict[str, list[Household]] = defaultdict(list)
    for home in state.resident:
        if home.meter.account_no is not None:
            found[District.of(home).number].append(home)
    return found


def _wired(state: State) -> list[tuple[District, list[Household]]]:
    accounts = _accounts(state)
    return [(each, accounts[each.number]) for each in districts(state.where) if accounts.get(each.number)]


def _district_values(district: District) -> dict[str, Value]:
    return {
        **region(district.place),
        "transformer_no": district.number,
        "transformer_name": district.name,
        "line_name": f"10kV{district.place.township[:-1]}示例线",
        "phone_number": None,
        "remark": None,
    }


def _transformer(state: State, district: District, homes: Sequence[Household]) -> Record:
    """A public district."""
    rng, now = noise(state, "kva", district.number), noise(state, f"kva/{state.period}", district.number)
    count = len(homes)
    capacity = next((size for size in STANDARD_KVA if size >= 2 * count), STANDARD_KVA[-1])
    three = count // 8
    values: dict[str, Value] = {
        **_district_values(district),
        "org_name": f"{district.place.township}示例供电所",
        "ownership_code": "1",
        "capacity_kva": float(capacity),
        "commissioned_date": Period(rng.randint(2008, 2021), rng.randint(1, 12)).first_day,
        "household_count": count,
        "single_phase_count": count - three,
        "three_phase_count": three,
        "low_voltage_household_count": sum(home.meter.is_low_voltage for home in homes),
        "over_voltage_household_count": 0,
        "max_load_percent": round(now.uniform(28, 92), 2),
        "stated_kva_per_household": round(capacity / count, 2) if count else None,
        "has_three_phase_power": rng.random() < 0.97,
        "supply_radius_m": float(rng.randint(20, 90) * 10),
    }
    return Record(values, district.place)


def _private(state: State, place: Place) -> Record:
    """A workshop's own transformer: no household hangs on it, and that is in order."""
    own = District(place, len(DISTRICTS) - 1)
    values = dict(_transformer(state, own, ()).values)
    number = f"097{place.code[6:]}"
    values |= {"transformer_no": number, "transformer_name": f"{place.stem}示例加工厂专变", "ownership_code": "2"}
    return Record(values, place)


def transformers(state: State) -> list[Record]:
    """Grain transformer district with at least one account, and some transformers of enterprises."""
    found = [_transformer(state, district, homes) for district, homes in _wired(state)]
    return found + [_private(state, place) for place in state.county[::15] if place in state.where]


@dataclass(frozen=True, slots=True)
class _Outage:
    started: datetime
    ended: datetime
    kind: str
    cause: str
    share: float


def _outage(state: State, period: Period, district: District) -> _Outage | None:
    """The outage of a district in a month, if there was one; a few end in the month after."""
    rng = noise(state, f"outage/{period}", district.number)
    if rng.random() > 0.35:
        return None
    kind = rng.choice("112")
    minutes = rng.randint(20, 480)
    if rng.random() < 0.06:
        started = datetime.combine(period.last_day, time(22, rng.randrange(60)))
        minutes += 300
    else:
        day = period.first_day + timedelta(days=rng.randint(2, 26))
        started = datetime.combine(day, time(rng.randint(6, 14), rng.randrange(60)))
    return _Outage(started, started + timedelta(minutes=minutes), kind, rng.choice("456" if kind == "1" else "123"),
                   rng.uniform(0.3, 1.0))  # fmt: skip


def _outage_record(state: State, outage: _Outage, district: District, count: int) -> Record:
    is_running = outage.ended.date() > state.period.last_day
    causes = {"1": "检修", "2": "客户接入", "3": "市政施工", "4": "跌落保险熔断", "5": "雷击", "6": "树障"}
    values: dict[str, Value] = {
        **_district_values(district),
        "outage_no": f"T{outage.started:%Y%m%d}{district.number}",
        "started_at": outage.started,
        "ended_at": None if is_running else outage.ended,
        "duration_minutes": None if is_running else int((outage.ended - outage.started).total_seconds()) // 60,
        "affected_household_count": max(1, int(count * outage.share)),
        "outage_type_code": outage.kind,
        "outage_scope_code": "1",
        "outage_cause_code": outage.cause,
        "outage_cause_text": causes[outage.cause],
    }
    return Record(values, district.place, is_plain=not is_running and outage.started.date() >= state.period.first_day)


def outages(state: State) -> list[Record]:
    """Grain outage and district: of the month, and those of the month before that ended only now."""
    found = []
    for district, homes in _wired(state):
        before, now = (_outage(state, period, district) for period in (state.period.shift(-1), state.period))
        if before is not None and before.ended.date() >= state.period.first_day:
            found.append(_outage_record(state, before, district, len(homes)))
        if now is not None:
            found.append(_outage_record(state, now, district, len(homes)))
    return found


def _voltage(state: State, place: Place, district: District | None, position: int) -> Record:
    kind = "D" if district else "A"
    point = f"V{kind}{place.code[6:]}{position}"
    rng = noise(state, f"voltage/{state.period}", point)
    minutes = state.period.last_day.day * 1440
    monitored = minutes - rng.randrange(0, 1400)
    over, under = (rng.randrange(0, 400), rng.randrange(0, 900)) if rng.random() < 0.7 else (0, 0)
    values: dict[str, Value] = {
        **region(place),
        "point_no": point,
        "point_name": f"{place.stem}示例{'末端' if district else '站母线'}",
        "point_class_code": kind,
        "transformer_no": district.number if district else None,
        "transformer_name": district.name if district else None,
        "supply_voltage_code": "AC00022" if district else "AC00101",
        "monitored_minutes": monitored,
        "over_minutes": over,
        "under_minutes": under,
        "pass_rate_percent": round(100 * (monitored - over - under) / monitored, 2),
        "max_voltage_v": round(rng.uniform(228, 235) + (3 if over else 0), 1) if district else None,
        "min_voltage_v": round(rng.uniform(199, 206) - (5 if under else 0), 1) if district else None,
        "phone_number": None,
        "remark": None,
    }
    return Record(values, place)


def voltages(state: State) -> list[Record]:
    """Grain monitoring point: the first district of every village, and one station of each township."""
    wired = {district.number: district for district, _ in _wired(state)}
    found = []
    first = {place.township: place for place in reversed(state.county)}
    for place in state.where:
        if first[place.township] == place:
            found.append(_voltage(state, place, None, 1))
        district = wired.get(f"{DISTRICTS[0]}{place.code[6:]}")
        if district is not None:
            found.append(_voltage(state, place, district, 2))
    return found
