"""The stock-flow rules on invented months: what balances, what a household without a reason does, and a move inside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from psycopg.rows import dict_row

from hearth.database import Role, connect
from hearth.settings import PROJECT_ROOT, Settings

SUITE = Path(PROJECT_ROOT, "expectations", "suites", "balance.yaml")
COUNTY, PERIOD = "530524", "2026-10"
A, B = "530524101000", "530524102000"
POOR, EXITED, STRUCK_OFF = "1", "3", "7"
FLOWS = ("opening", "entered", "relapsed", "exited", "deceased", "moved_out", "transfer_in", "transfer_out", "closing")
Household = tuple[str, str | None, str]
"""Township, change code of the month, status."""


def flows(before: Sequence[Household], present: Sequence[Household]) -> dict[str, dict[str, int]]:
    """What P-02 counts of two months, by division; the n-th household of both lists is the same one."""
    expectation = yaml.safe_load(SUITE.read_text(encoding="utf-8"))["expectations"][0]
    assert expectation["meta"]["rule_id"] == "P-02"
    query = (
        expectation["query"]
        .replace(":before.fct_register_household", "month_before")
        .replace("candidate.fct_register_household", "this_month")
        .replace(":county_code", f"'{COUNTY}'")
        .replace(":period", f"'{PERIOD}'")
    )
    with connect(Role.BUILDER) as connection:
        for name, rows in (("month_before", before), ("this_month", present)):
            connection.execute(
                f"create temporary table {name} (household_key bigint, township_code text, is_active boolean,"
                " poverty_status_code text, change_code text, change_month text) on commit drop"
            )
            connection.cursor().executemany(
                f"insert into {name} values (%s, %s, %s, %s, %s, %s)".encode(),
                [
                    (number, township, status != STRUCK_OFF, status, code, PERIOD)
                    for number, (township, code, status) in enumerate(rows)
                    if township
                ],
            )
        with connection.cursor(row_factory=dict_row) as cursor:
            found: list[dict[str, Any]] = cursor.execute(query.encode()).fetchall()
    return {row["region_code"]: {name: row[name] for name in FLOWS} for row in found}


def difference(counts: dict[str, int]) -> int:
    moved_in = counts["opening"] + counts["entered"] + counts["relapsed"] + counts["transfer_in"]
    return moved_in - counts["exited"] - counts["deceased"] - counts["moved_out"] - counts["transfer_out"] - (
        counts["closing"]
    )  # fmt: skip


NOBODY: Household = ("", None, POOR)
OLD: Sequence[Household] = [(A, None, POOR)] * 40 + [NOBODY] * 3 + [(A, None, EXITED)]
NEW: Sequence[Household] = (
    [(A, None, POOR)] * 32 + [(A, "15", EXITED)] * 5 + [(A, "21", STRUCK_OFF)] + [(A, "22", STRUCK_OFF)] * 2
    + [(A, "11", POOR)] * 3 + [(A, "12", POOR)]
)  # fmt: skip


@pytest.mark.usefixtures("warehouse")
def test_fx_12_what_moved_makes_the_closing_stock() -> None:
    found = flows(OLD, NEW)
    expected = dict(zip(FLOWS, (40, 3, 1, 5, 1, 2, 0, 0, 36), strict=True))
    assert found == {f"{COUNTY}000000": expected, A: expected}
    assert difference(expected) == 0


@pytest.mark.parametrize(("closing", "place", "row"), [(35, 0, (A, None, STRUCK_OFF)), (37, 40, None)])
def test_fx_12_a_household_without_a_reason_is_a_difference(
    warehouse: Settings, closing: int, place: int, row: Household | None
) -> None:
    present = list(NEW)
    if row is None:
        present.append((A, None, POOR))  # there, and nobody says why
    else:
        present[place] = row  # gone, and nobody says why
    counts = flows(OLD, present)[A]
    assert counts["closing"] == closing
    assert difference(counts) == 36 - closing


def test_fx_13_a_move_inside_the_county_is_no_move_out(warehouse: Settings) -> None:
    before: Sequence[Household] = [(A, None, POOR)] * 10 + [(B, None, POOR)] * 8
    present: Sequence[Household] = [(B, None, POOR)] + [(A, None, POOR)] * 9 + [(B, None, POOR)] * 8
    found = flows(before, present)
    assert Counter({A: found[A]["closing"], B: found[B]["closing"]}) == Counter({A: 9, B: 9})
    assert (found[A]["transfer_out"], found[A]["transfer_in"]) == (1, 0)
    assert (found[B]["transfer_out"], found[B]["transfer_in"]) == (0, 1)
    county = found[f"{COUNTY}000000"]
    assert (county["opening"], county["closing"], county["moved_out"]) == (18, 18, 0)
    assert all(difference(counts) == 0 for counts in found.values())
