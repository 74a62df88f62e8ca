"""What the gate costs beside one pass over each table that computes the same figures, written by hand.

HEARTH_BENCH_HOUSEHOLDS sets the size (200,000 by default; the bound is meant for 1,000,000). Seconds of the
processor, the database's and the gate's own, decide: other work on the machine does not make them more; those of the
clock are printed beside them. Apart from them what a gate costs that has next to nothing to look at.
HEARTH_BENCH_PROFILE=1 prints what the statements of the gate took, the dearest first.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from expectations import figures, gate
from expectations.checks import Check, Connection, read_candidate
from expectations.gate import run_gate
from expectations.suite import SUITES_DIR
from hearth.database import Role, connect
from hearth.settings import Settings
from publishing.parents import prepare_parents
from publishing.switch import publish, rollback
from tests.benchmarks.close.accounting import billed
from tests.integration.expectations.candidate import (
    COUNTY,
    GUARANTEES,
    drop_submissions,
    make_build,
    make_candidate,
    make_submissions,
)
from tests.integration.publishing.world import judge

HOUSEHOLDS = int(os.environ.get("HEARTH_BENCH_HOUSEHOLDS", "200000"))
PROFILED = os.environ.get("HEARTH_BENCH_PROFILE") == "1"
MOST = 2.0
IDENTITY_NUMBER = re.findall(r"cell.value ~ '(.+)'", (SUITES_DIR / "privacy.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def build(request: pytest.FixtureRequest, clean_warehouse: Settings) -> Iterator[int]:
    """The second month: the first is published, so that every comparison has something to compare with."""
    households = getattr(request, "param", HOUSEHOLDS)
    for period in ("2026-09", "2026-10"):
        make_submissions(period, households)
    make_candidate("2026-09", 1, households)
    prepare_parents()
    first = make_build("2026-09", state="passed")
    judge(first)
    publish(first)
    make_candidate("2026-10", 2, households)
    with connect(Role.BUILDER) as connection:
        for name in read_candidate(connection, 0):
            connection.execute(f"analyze candidate.{name}".encode())
    yield make_build("2026-10")
    drop_submissions()


def one_pass() -> list[str]:
    """One statement a table: nulls, county, month, household, text that looks like a person; then the sums."""
    with connect(Role.BUILDER) as connection:
        tables = read_candidate(connection, 0)
    patterns = [pattern.replace("{{", "{").replace("}}", "}") for pattern in IDENTITY_NUMBER]
    statements = []
    for name, table in tables.items():
        figures = ["count(*)", "count(*) filter (where t.county_code <> '530524')"]
        if "period" in table.columns:
            figures.append("count(*) filter (where t.period <> '2026-10')")
        if "household_key" in table.columns:
            figures += ["count(*) filter (where t.household_key is null)", "count(*) - count(known.household_key)"]
        for column, type_name in table.columns.items():
            if type_name == "text":
                figures += [
                    f"count(*) filter (where length(t.{column}) >= {least} and t.{column} ~ '{pattern}')"
                    for least, pattern in zip((15, 11), patterns, strict=True)
                ]
        joined = (
            ""
            if "household_key" not in table.columns
            else (" left join candidate.dim_household as known on known.household_key = t.household_key")
        )
        statements.append(f"select {', '.join(figures)} from candidate.{name} as t{joined}")
    cells = ", ".join(f"('{name}', h.{name}_state)" for name in (*GUARANTEES, "five", "seven"))
    states = ", ".join(f"(now.{name}_state is distinct from was.{name}_state)" for name in GUARANTEES)
    statements += [
        "select village_code, township_code, guarantee, state, count(*) from candidate.fct_household_month as h "
        f"cross join lateral (values {cells}) as cell (guarantee, state) group by 1, 2, 3, 4",
        f"select {states}, count(*) from candidate.fct_household_month as now "
        "full join marts.fct_household_month as was "
        "on was.household_key = now.household_key and was.period = '2026-09' "
        f"group by {', '.join(map(str, range(1, len(GUARANTEES) + 1)))}",
        "select was.poverty_status_code, now.poverty_status_code, now.change_code, now.township_code, count(*) "
        "from candidate.fct_register_household as now full join marts.fct_register_household as was "
        "on was.household_key = now.household_key and was.period = '2026-09' group by 1, 2, 3, 4",
        "select was.sex_code, now.sex_code, now.member_change_code, count(*), count(distinct now.household_key) "
        "from candidate.fct_register_member as now full join marts.fct_register_member as was "
        "on was.person_key = now.person_key and was.period = '2026-09' group by 1, 2, 3",
    ]
    return statements


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of one run."""

    processor: float
    clock: float

    def __str__(self) -> str:
        return f"{self.processor:.2f} s of processor, {self.clock:.2f} s by the clock"


def _costs(build: int, rounds: int) -> tuple[Cost, Cost]:
    """Least of some rounds, in turn: by hand, and the gate."""
    statements = one_pass()
    run_gate(build)  # imports, and pages in memory for both
    by_hand, gates = [], []
    for _ in range(rounds):
        with connect(Role.BUILDER) as connection, billed() as bill:
            for statement in statements:
                connection.execute(statement.encode()).fetchall()
        by_hand.append(Cost(bill.database, bill.wall))
        started = time.process_time()
        with billed() as bill:
            verdict = run_gate(build)
        assert verdict.passed, verdict.reason
        gates.append(Cost(bill.database + time.process_time() - started, bill.wall))
    return tuple(  # type: ignore[return-value]  # two of them
        Cost(min(cost.processor for cost in costs), min(cost.clock for cost in costs)) for costs in (by_hand, gates)
    )


@pytest.fixture
def profile(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[float, str]]]:
    """(seconds, what) of every statement that counts, and of the preview; printed when HEARTH_BENCH_PROFILE is 1."""
    taken: list[tuple[float, str]] = []
    together, preview = figures._together, gate._preview

    def counted(
        connection: Connection, statement: str, group: Sequence[figures._Asked], rows: str
    ) -> list[tuple[Check, figures.Figures]]:
        started = time.perf_counter()
        found = together(connection, statement, group, rows)
        names = sorted({f"{asked.check.suite}.{asked.check.check_id}" for asked in group})
        taken.append((time.perf_counter() - started, ", ".join(names[:3]) + f" ({len(names)})"))
        return found

    def foreseen(*arguments: object) -> None:
        started = time.perf_counter()
        preview(*arguments)  # type: ignore[arg-type]  # handed on as they come
        taken.append((time.perf_counter() - started, "blast radius"))

    monkeypatch.setattr(figures, "_together", counted)
    monkeypatch.setattr(gate, "_preview", foreseen)
    yield taken
    for seconds, what in sorted(taken, reverse=True)[:30] if PROFILED else []:
        print(f"{seconds:8.2f} s  {what}")


@pytest.mark.parametrize("build", [24], indirect=True)
def test_what_a_gate_costs_that_has_nothing_to_look_at(build: int) -> None:
    by_hand, whole = _costs(build, 3)
    print(f"24 households: by hand {by_hand}; gate {whole}")
    assert whole.processor < 10


def test_the_gate_costs_at_most_twice_one_pass(build: int, profile: list[tuple[float, str]]) -> None:
    by_hand, whole = _costs(build, 2)
    print(
        f"{HOUSEHOLDS} households: by hand {by_hand}; gate {whole}; ratio {whole.processor / by_hand.processor:.2f}"
        f" by processor, {whole.clock / by_hand.clock:.2f} by the clock"
    )
    del profile[: len(profile) // 3 * 2]  # the last of three runs
    assert whole.processor <= MOST * by_hand.processor


def _again() -> int:
    make_candidate("2026-10", 3, HOUSEHOLDS)
    build_id = make_build("2026-10", state="passed")
    judge(build_id)
    return build_id


def test_a_rollback_takes_less_than_a_minute(build: int) -> None:
    judge(build)
    with connect(Role.OWNER) as connection:
        connection.execute("update ops.build set state = 'passed' where build_id = %s", [build])
    publish(build)
    publish(_again())
    started = time.perf_counter()
    rollback(COUNTY, "2026-10")
    seconds = time.perf_counter() - started
    print(f"{HOUSEHOLDS} households: rollback {seconds:.2f} s")
    assert seconds < 60
