"""What closing a month costs, and that it costs the same every month. Seconds depend on the machine: ratios do not.

`HEARTH_BENCH_COPIES` sets the size: 12 households and 24 persons a copy. 25,000 copies are 600,000 persons.
`HEARTH_BENCH_MONTHS` says which months are closed and measured; history in between is copied.
`HEARTH_BENCH_IMAGES` names a folder for the picture of the curve.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from hearth.database import Role, connect
from hearth.dbt import PLANNING, PROJECT_DIR, environment
from hearth.period import Period
from hearth.services.airflow import environment as airflow_environment
from hearth.settings import Settings
from tests.benchmarks.close import world
from tests.benchmarks.close.accounting import Bill, billed
from tests.integration.dbt import county

COPIES = int(os.environ.get("HEARTH_BENCH_COPIES", "100"))
FIRST = "2023-10"
CHANGING = 0.05
"""Share of households with a change in a month."""
MEASURED = tuple(map(int, os.environ.get("HEARTH_BENCH_MONTHS", "3,12,24,36").split(",")))
SCRIPT_TIMES = 2.0
"""What a close may take of the same tables made by one SQL script. Starting dbt up is in it: small counties miss it."""
LATE = "civil_affairs.dibao"
LATE_SHARE = 0.35
"""What closing again after one late feed may take of a whole close."""


def _month(number: int) -> str:
    return str(Period.parse(FIRST).shift(number - 1))


def test_month_36_costs_what_month_3_costs(warehouse: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    county.empty()
    bills: dict[int, Bill] = {}
    closed = 0
    for number in (2, *MEASURED):
        if closed and number > closed + 1:
            world.grow(_month(closed), number - closed - 1, CHANGING)
        given = world.load(_month(number), COPIES)
        with billed() as bill:
            with billed() as built:
                build_id = world.build(_month(number), given)
            world.switch(build_id)
        closed = number
        _say(capsys, f"month {number} ({24 * COPIES} persons): {bill}; slowest: {_slowest(build_id)}")
        if number in MEASURED:
            bills[number] = bill
    with billed() as plain, connect(Role.OWNER, options=PLANNING) as connection:
        connection.execute(world.by_hand().encode())
    with connect(Role.OWNER) as connection:
        wrong = world.differing(connection)
        connection.execute("drop schema by_hand cascade")
    whole = bills[closed]
    times = (built.database + built.dbt) / plain.database
    _say(capsys, f"one SQL script of the same tables: {plain}; dbt ({built}) takes {times:.2f}x of it")
    sent = world.late(_month(closed), LATE, given)
    with billed() as again:
        world.close(_month(closed), sent)
    share = (again.database + again.dbt) / (whole.database + whole.dbt)
    _say(capsys, f"again after one late feed: {again}; {share:.0%} of a whole close")
    if images := os.environ.get("HEARTH_BENCH_IMAGES"):
        _draw(bills, Path(images))
    assert wrong == []
    assert share < LATE_SHARE, again
    assert times <= SCRIPT_TIMES, plain
    assert bills[MEASURED[-1]].database <= 1.15 * bills[MEASURED[0]].database, bills


def _slowest(build_id: int) -> str:
    return ", ".join(f"{name} {took:.2f}" for name, took in world.seconds(build_id)[:10])


def _say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        print(f"\n{text}", flush=True)


def _draw(bills: Mapping[int, Bill], folder: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    months = list(bills)
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    axes.plot(months, [bills[number].database for number in months], marker="o", label="database")
    axes.plot(months, [bills[number].dbt for number in months], marker="s", label="dbt itself")
    bound = 1.15 * bills[months[0]].database
    axes.axhline(bound, linestyle="--", color="grey", label=f"1.15 x the database of month {months[0]}")
    axes.set(
        xlabel="months closed", ylabel="processor seconds", xticks=months, title=f"A close of {24 * COPIES:,} persons"
    )
    axes.set_ylim(bottom=0)
    axes.legend(loc="lower right")
    figure.savefig(folder / "close-cost.png", dpi=110)


def test_dbt_parse_and_dag_import_take_less_than_ten_seconds(
    warehouse: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Processor seconds of one process, children included."""
    commands = {
        "parse": [sys.executable, "-m", "dbt.cli.main", "parse", "--no-partial-parse"],
        "import": [
            sys.executable,
            "-c",
            "import pathlib, importlib; [importlib.import_module(f'dags.{path.stem}')"
            " for path in sorted(pathlib.Path('dags').glob('*.py')) if path.stem != '__init__']",
        ],
    }
    spent = {}
    for name, command in commands.items():
        where = PROJECT_DIR if name == "parse" else PROJECT_DIR.parent
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(
            command,
            cwd=where,
            env={**os.environ, **environment(), **airflow_environment()},
            check=True,
            capture_output=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent[name] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        _say(capsys, f"{name}: processor {spent[name]:.1f} s, clock {time.perf_counter() - began:.1f} s")
    assert max(spent.values()) < 10, spent
