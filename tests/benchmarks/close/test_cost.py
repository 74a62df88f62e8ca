"""What closing a month costs, and that it costs the same every month. Seconds depend on the machine: ratios do not.

`HEARTH_BENCH_COPIES` sets the size: 12 households and 24 persons a copy. 12,500 copies are 300,000 persons.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from hearth.database import Role, connect
from hearth.dbt import PROJECT_DIR, environment
from hearth.period import Period
from hearth.settings import Settings
from tests.benchmarks.close import world
from tests.integration.dbt import county

COPIES = int(os.environ.get("HEARTH_BENCH_COPIES", "200"))
FIRST = "2023-10"
CHANGING = 0.05
"""Share of households with a change in a month."""


def test_month_36_costs_what_month_3_costs(warehouse: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    county.empty()
    spent = {}
    months = [*range(1, 4), 36]
    for number in months:
        period = str(Period.parse(FIRST).shift(number - 1))
        if number == 36:
            world.grow(str(Period.parse(FIRST).shift(2)), 32, CHANGING)
        given = world.load(period, COPIES)
        began = time.perf_counter()
        build_id = world.close(period, given)
        whole = time.perf_counter() - began
        models = world.seconds(build_id)
        spent[number] = sum(took for _, took in models)
        with connect(Role.OWNER) as connection:
            (files, size), *_ = connection.execute(
                "select temp_files, pg_size_pretty(temp_bytes) from pg_stat_database where datname = current_database()"
            ).fetchall()
        with capsys.disabled():
            slowest = ", ".join(f"{name} {took:.2f}" for name, took in models[:10])
            print(
                f"\nmonth {number}: {24 * COPIES} persons, models {spent[number]:.1f} s, close {whole:.1f} s,"
                f" temp files so far {files} ({size}); slowest: {slowest}"
            )
    assert spent[36] <= 1.15 * spent[3], spent


def test_dbt_parse_and_dag_import_take_less_than_ten_seconds(warehouse: Settings) -> None:
    commands = {
        "parse": [sys.executable, "-m", "dbt.cli.main", "parse", "--no-partial-parse"],
        "import": [sys.executable, "-c", "import dags.close, dags.cutoff, dags.intake"],
    }
    for name, command in commands.items():
        began = time.perf_counter()
        where = PROJECT_DIR if name == "parse" else PROJECT_DIR.parent
        subprocess.run(command, cwd=where, env={**os.environ, **environment()}, check=True, capture_output=True)
        assert time.perf_counter() - began < 10, name
