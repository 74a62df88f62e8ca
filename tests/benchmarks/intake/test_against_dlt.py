"""The same text file loaded by dlt's Arrow path, with no checks and personal data in clear, beside intake.

dlt is no part of Hearth: `pip install "dlt[postgres]"` into a throw-away environment, or the test is skipped.
"""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow.csv as arrow_csv
import pytest

from hearth.database import Role, connect, url
from hearth.settings import Settings
from tests.benchmarks.intake.rolls import csv_bytes
from tests.benchmarks.intake.test_against_copy import ROWS, intake

dlt = pytest.importorskip("dlt", reason="dlt is not a dependency; install it to compare")
TARGET = 2.0


def _dlt_seconds(path: Path, folder: Path) -> float:
    """Read by Arrow and loaded into a table of its own."""

    @dlt.resource(name="roll")  # type: ignore[untyped-decorator]  # not installed where types are checked
    def roll() -> object:
        table = arrow_csv.read_csv(path)
        yield table.rename_columns([f"c{number}" for number in range(table.num_columns)])  # it wants ASCII names

    started = time.perf_counter()
    pipeline = dlt.pipeline(
        "bench", destination=dlt.destinations.postgres(url(Role.OWNER)), dataset_name="bench", pipelines_dir=str(folder)
    )
    pipeline.run(roll())
    return time.perf_counter() - started


def test_csv_against_dlt(clean_warehouse: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "roll.csv"
    path.write_bytes(csv_bytes(ROWS))
    try:
        other = _dlt_seconds(path, tmp_path / "pipelines")
    finally:
        with connect(Role.OWNER) as connection:
            connection.execute("drop schema if exists bench cascade")
            connection.execute("drop schema if exists bench_staging cascade")
    watch, _, loaded = intake(path.read_bytes())
    assert loaded > 0.99 * ROWS
    with capsys.disabled():
        print(
            f"\n{ROWS} rows: dlt {other:.2f} s, intake {watch.whole:.2f} s;"
            f" intake is {other / watch.whole:.1f}x as fast (target {TARGET}x)"
        )
    assert other / watch.whole > TARGET
