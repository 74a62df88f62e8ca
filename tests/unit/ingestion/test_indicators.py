"""The registry and the key's values: worked examples of the specification, put to the queries as small tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from hearth.period import Period
from ingestion.contract import contracts
from ingestion.reference_data import indicators
from ingestion.sample.county import write_county
from ingestion.sample.feed_rows import schema_of, table_of
from ingestion.sample.indicators import GUARANTEE_OF, Desk, value
from ingestion.sample.key_tables import read_table

COUNTY, VILLAGE, OTHER = "530524", "530524100001", "530524100002"
MONTH = Period(2026, 10)
Rows = Mapping[str, list[dict[str, Any]]]


def _tables(months: Mapping[Period, Rows]) -> dict[str, pa.Table]:
    """Feed -> rows; a row may name its village, household and person, the rest are contract columns."""
    return {
        feed_id: pa.concat_tables(
            [
                schema_of(contract).empty_table(),
                *(
                    table_of(
                        contract,
                        period,
                        [
                            (row, row.get("village", VILLAGE), row.get("household"), row.get("person"))
                            for row in rows.get(feed_id, [])
                        ],
                    )
                    for period, rows in months.items()
                ),
            ]
        )
        for feed_id, contract in contracts().items()
    }


def _ask(months: Mapping[Period, Rows], code: str, *, level: str = "county", part: str = "") -> tuple[Any, ...]:
    """(numerator, denominator, unknown, value) of the last month's true rows."""
    desk = Desk(_tables(months), sorted(months), COUNTY, is_truth=True)
    (line,) = [
        row
        for row in desk.ask(code, indicators()[code])
        if (row["level_code"], row["part"], row["period"]) == (level, part, str(max(months)))
        and (level == "county" or row["region_code"] == VILLAGE)
    ]
    return line["numerator"], line["denominator"], line["unknown"], line["value"]


def _register(*sizes: int, **columns: Any) -> dict[str, list[dict[str, Any]]]:
    """Households of so many adults; `columns` are of every household."""
    homes = [{"household": f"H{at}", "poverty_status_code": "3", **columns} for at in range(len(sizes))]
    people = [
        {"household": f"H{at}", "person": f"H{at}-{seat}", "id_number": f"520099{1970 + seat}0102123X"}
        for at, size in enumerate(sizes)
        for seat in range(size)
    ]
    return {"register.household": homes, "register.member": people}


# ---------------------------------------------------------------- the registry
def test_the_registry_has_every_indicator_once() -> None:
    families = Counter(code[:3] for code in indicators())
    assert families == {
        "POV": 14,
        "MON": 5,
        "GUA": 10,
        "INC": 5,
        "CIV": 6,
        "HLT": 8,
        "EDU": 6,
        "HSG": 6,
        "WAT": 7,
        "PWR": 10,
        "VIL": 8,
        "AGR": 4,
        "HRS": 3,
        "FIN": 3,
        "OPS": 9,
    }


def test_what_cannot_be_answered_says_why_and_nothing_else_does() -> None:
    for code, one in indicators().items():
        assert one.is_first_release == (not one.not_answerable_because), code
        assert set(one.levels) <= {"village", "township", "county"}
    assert sum(one.is_first_release for one in indicators().values()) == 50


def test_an_extension_feed_is_never_answerable() -> None:
    for code, one in indicators().items():
        if "*" in one.feeds:
            assert not one.is_first_release, code


# ---------------------------------------------------------------- formulas, by the worked examples
@pytest.mark.parametrize(
    ("formula", "numerator", "denominator", "expected"),
    [
        ("ratio", 41407, 12583, 3.2907),
        ("ratio", 19776, 4942, 4.0016),
        ("ratio", 27256, 54851, 0.4969),
        ("ratio", 7282, 16369, 0.4449),
        ("progress", 6000, 12583, 0.4768),
        ("progress", 20000, 41407, 0.4830),
        ("count", 6189, None, 6189),
        ("median", 12, 3, 12),
        ("ratio", 0, 0, None),
        ("progress", 200, None, None),
    ],
)
def test_values(formula: str, numerator: float, denominator: float | None, expected: float | None) -> None:
    found = value(formula, numerator, denominator)
    assert found is None if expected is None else found == pytest.approx(expected, abs=0.00005)


def test_an_unknown_formula_is_refused() -> None:
    with pytest.raises(ValueError, match="not one of"):
        value("mean", 1, 1)


def test_household_size() -> None:
    assert _ask({MONTH: _register(4, 3, 3)}, "POV-10") == (10, 3, 0, pytest.approx(3.3333, abs=0.0001))


def test_who_left_is_in_neither_count() -> None:
    rows = _register(2, 2, 1)
    rows["register.member"][0]["member_change_code"] = "21"
    rows["register.household"][1]["change_code"] = "23"
    rows["register.household"][2]["poverty_status_code"] = "7"
    assert _ask({MONTH: rows}, "POV-10") == (1, 1, 0, 1.0)


def test_risk_cleared_counts_persons_or_households() -> None:
    """FX-03: the two grains differ, and each has its own id."""
    rows = _register(4, 1, 1, monitor_class_code="1", is_risk_removed=False)
    rows["register.household"][0]["is_risk_removed"] = True
    assert _ask({MONTH: rows}, "MON-01") == (4, 6, 0, pytest.approx(0.6667, abs=0.0001))
    assert _ask({MONTH: rows}, "MON-02") == (1, 3, 0, pytest.approx(0.3333, abs=0.0001))


def test_progress_against_the_county_s_own_target() -> None:
    rows = _register(3, 2, exit_month=Period(2019, 1))
    rows["register.household"][1]["poverty_status_code"] = "5"
    assert _ask({MONTH: rows}, "POV-08") == (1, 12583, 0, pytest.approx(1 / 12583))
    assert _ask({MONTH: rows}, "POV-09") == (3, 41407, 0, pytest.approx(3 / 41407))


def test_reduction_needs_the_stock_of_last_december() -> None:
    poor, fewer = _register(5, 4, poverty_status_code="1"), _register(5, 4, poverty_status_code="1")
    fewer["register.household"][0]["poverty_status_code"] = "3"
    assert _ask({Period(2025, 12): poor, MONTH: fewer}, "POV-07") == (5, None, 0, 5)
    with pytest.raises(ValueError, match="unpack"):
        _ask({MONTH: fewer}, "POV-07")


def test_supply_reliability_by_household_minutes() -> None:
    period = Period(2026, 9)  # 30 days
    district = {"transformer_no": "T1", "household_count": 100}
    outages = [
        {"transformer_no": "T1", "duration_minutes": 120, "affected_household_count": 100},
        {"transformer_no": "T1", "duration_minutes": 60, "affected_household_count": 50},
    ]
    start = datetime(2026, 9, 3, 8)  # noqa: DTZ001 - local times without a zone, as offices write them
    for outage in outages:
        outage |= {"started_at": start, "ended_at": start.replace(hour=12)}
    rows = {"power.transformer": [district], "power.outage": outages}
    assert _ask({period: rows}, "PWR-01") == (4320000 - 15000, 4320000, 0, pytest.approx(0.9965, abs=0.00005))


def test_voltage_water_quality_and_water_reliability() -> None:
    voltage = {"power.voltage": [{"monitored_minutes": 43200, "over_minutes": 800, "under_minutes": 496}]}
    assert _ask({MONTH: voltage}, "PWR-02")[3] == pytest.approx(41904 / 43200)
    schemes = [
        {"served_population": 100, "reliability_percent": 99.0, "quality_test_count": 200, "quality_pass_count": 180},
        {"served_population": 50, "reliability_percent": 90.0, "quality_test_count": 100, "quality_pass_count": 96},
    ]
    assert _ask({MONTH: {"water.scheme": schemes}}, "WAT-06") == (144, 150, 0, pytest.approx(0.96))
    assert _ask({MONTH: {"water.scheme": schemes}}, "WAT-05") == (276, 300, 0, pytest.approx(0.92))
    earlier = {MONTH.shift(-12): {"water.scheme": schemes}, MONTH: {"water.scheme": schemes[:1]}}
    assert _ask(earlier, "WAT-05")[1] == 200  # P/12m leaves the thirteenth month out


def test_median_days_to_connection() -> None:
    rows = _register(1, 1, 1, identified_month=Period(2026, 6))
    days = (date(2026, 7, 5), date(2026, 7, 12), date(2026, 8, 9))
    meters = [{"household": f"H{at}", "connected_date": day} for at, day in enumerate(days)]
    assert _ask({MONTH: rows | {"power.connection": meters}}, "PWR-10") == (12, 3, 0, 12)


def test_dibao_on_the_register_and_safety_net() -> None:
    rows = _register(1, 1, 1)
    for member in rows["register.member"]:
        member["labour_capacity_code"] = "4"
    roll = [{"household": home, "category_code": "02", "card_no": f"D{at}"} for at, home in enumerate(("H0", None))]
    assert _ask({MONTH: rows | {"civil_affairs.dibao": roll}}, "CIV-01") == (1, 2, 0, 0.5)
    assert _ask({MONTH: rows | {"civil_affairs.dibao": roll}}, "CIV-02") == (2, 3, 0, 2)
    assert _ask({MONTH: rows | {"civil_affairs.dibao": roll}}, "INC-03")[:2] == (1, 3)


def test_contracts_less_those_with_a_reason() -> None:
    rows = _register(3)
    signed = {"contract_year": 2026, "is_signed": True, "signed_date": date(2026, 1, 5)}
    listed = [
        {"household": "H0", "person": "H0-0", **signed},
        {"household": "H0", "person": "H0-1", "contract_year": 2026, "is_signed": False, "unsigned_reason_code": "09"},
    ]
    assert _ask({MONTH: rows | {"health.contract": listed}}, "HLT-03") == (1, 2, 1, 0.5)


def test_villages_and_townships_add_up_to_the_county() -> None:
    rows = _register(2, 3)
    rows["register.household"][1]["village"] = OTHER
    assert _ask({MONTH: rows}, "POV-10", level="village") == (2, 1, 0, 2.0)
    assert _ask({MONTH: rows}, "POV-10") == (5, 2, 0, 2.5)


# ---------------------------------------------------------------- the sample county
@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("indicators")
    write_county([MONTH], 150, 7, root / "bucket", key=root / "key")
    return root / "key"


def test_the_sample_answers_every_answerable_indicator(key: Path) -> None:
    """Two look back on months that are not there."""
    answered = {row["indicator_code"] for row in read_table(key, "indicators")}
    assert {code for code, one in indicators().items() if one.is_first_release} - answered == {
        "POV-07",
        "CIV-06",
    }


def test_levels_add_up(key: Path) -> None:
    sums: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in read_table(key, "indicators"):
        one = indicators()[row["indicator_code"]]
        if len(one.levels) == 3 and row["numerator"] is not None:
            sums[row["indicator_code"], row["part"]][row["level_code"]] += row["numerator"]
    assert len(sums) > 20
    for place, levels in sums.items():
        assert len({round(number, 6) for number in levels.values()}) == 1, place


def test_what_follows_from_the_rows_is_what_was_concluded(key: Path) -> None:
    """The indicators of the guarantees and the rates come by two ways from the same conclusions."""
    rates = {
        (row["region_code"], row["guarantee"]): (row["met"], row["universe"], row["unknown"])
        for row in read_table(key, "rates")
    }
    found = {
        (row["region_code"], GUARANTEE_OF[row["indicator_code"]]): tuple(
            row[f"expected_{name}"] for name in ("numerator", "denominator", "unknown")
        )
        for row in read_table(key, "indicators")
        if row["indicator_code"] in GUARANTEE_OF and row["expected_denominator"] is not None
    }
    assert found == rates


def test_true_counts_are_those_of_the_true_households(key: Path) -> None:
    homes = [row for row in read_table(key, "households") if row["is_active"] and row["member_count"]]
    (line,) = [
        row
        for row in read_table(key, "indicators")
        if (row["indicator_code"], row["level_code"]) == ("POV-10", "county")
    ]
    assert (line["numerator"], line["denominator"]) == (sum(row["member_count"] for row in homes), len(homes))
    assert line["expected_denominator"] < line["denominator"]  # refused households are missing
    states = read_table(key, "states")
    assert {row["household_no"] for row in states} == {row["household_no"] for row in homes}
    dark = {row["household_no"] for row in homes if row["has_living_power"] is False}
    assert dark <= {row["household_no"] for row in states if row["power"] == "unmet"}
