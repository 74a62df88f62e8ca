"""FX-22: levels are held to their counts, never to printed shares, which may miss 100 by the rounding of each."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from hearth.database import Role, connect
from hearth.settings import PROJECT_ROOT, Settings

SUITE = Path(PROJECT_ROOT, "expectations", "suites", "rollup.yaml")
TOWNSHIP, VILLAGES = "520099100000", ("520099100201", "520099100202")
CENSUS = ("43.74", "42.25", "14.01"), ("99.85", "0.14", "0.01")
"""Shares of the statistical bulletin (percent): each adds up."""


def broken(parts: Mapping[str, int], *, one_more: bool = False) -> list[tuple[Any, ...]]:
    """What P-01 finds in a township of two villages that each count ``parts``; the shares are rounded as printed."""
    (query,) = [
        expectation["kwargs"]["unexpected_rows_query"]
        for expectation in yaml.safe_load(SUITE.read_text(encoding="utf-8"))["expectations"]
        if expectation["id"] == "indicator_villages_equal_township"
    ]
    whole = sum(parts.values())
    rows = [
        (region, level, part, times * count + (one_more and level == "township"), times * whole)
        for region, level, times in ((TOWNSHIP, "township", 2), *((village, "village", 1) for village in VILLAGES))
        for part, count in parts.items()
    ]
    with connect(Role.BUILDER) as connection:
        connection.execute(
            "create temporary table figures (region_code text, level_code text, part text, numerator numeric,"
            " denominator numeric, indicator_code text default 'POV-06', unknown numeric default 0,"
            " value numeric generated always as (round(numerator / denominator, 4)) stored) on commit drop"
        )
        connection.execute("create temporary table region (region_code text, parent_code text) on commit drop")
        connection.cursor().executemany(
            "insert into figures (region_code, level_code, part, numerator, denominator) values (%s, %s, %s, %s, %s)",
            rows,
        )
        connection.cursor().executemany("insert into region values (%s, %s)", [(code, TOWNSHIP) for code in VILLAGES])
        asked = query.replace("{batch}", "figures").replace("candidate.fct_indicator_month", "figures")
        return connection.execute(asked.replace("candidate.dim_region", "region").encode()).fetchall()


@pytest.mark.parametrize("shares", CENSUS)
def test_fx_22_shares_of_the_census_add_up_and_pass(warehouse: Settings, shares: tuple[str, ...]) -> None:
    assert sum(map(Decimal, shares)) == 100
    assert broken({str(place): int(Decimal(share) * 100) for place, share in enumerate(shares)}) == []


def test_fx_22_rounded_shares_that_miss_a_hundred_pass_and_a_miscount_does_not(warehouse: Settings) -> None:
    thirds = dict.fromkeys("abc", 1)  # printed as 33.33 three times
    assert broken(thirds) == []
    assert len(broken(thirds, one_more=True)) == len(thirds)
