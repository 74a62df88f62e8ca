"""What the sample county costs beside the least that writing its cells can cost: bare writers, same cells, same run.

The bound of each ratio is what the machine showed when it was written, with room for noise; whoever makes the sample
faster lowers it. Seconds are printed, never judged.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hearth.period import Period
from ingestion.contract import contracts
from ingestion.sample.blocks import cut
from ingestion.sample.cells import Cell
from ingestion.sample.county import write_county
from ingestion.sample.desk import Desk
from ingestion.sample.habits import habits
from ingestion.sample.months import block_months
from ingestion.sample.places import places
from ingestion.sample.sheets import content_of

OCTOBER = Period(2026, 10)
HOUSEHOLDS = 900
MOST_SHEET = 7.0
"""Compressed sheet rows beside lines of a bare csv.writer."""
MOST_TEXT = 4.0
"""Lines of a text file as the office formats them beside the same."""
MOST_COUNTY = 20.0
"""A whole month, people and answer key included, beside all cells of its files once through csv.writer and Parquet."""


def _seconds(work: Callable[[], object]) -> float:
    """The best of three."""
    found = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return min(found)


def _cells() -> dict[str, list[list[Cell]]]:
    """Every feed's rows as the offices write them."""
    (block,) = cut(HOUSEHOLDS, places("530524"))
    (state,) = block_months(block, 7, [OCTOBER])
    found = {}
    for feed_id, contract in contracts().items():
        desk = Desk(contract, habits().feeds[feed_id], OCTOBER, state.county, 7)
        found[feed_id] = [list(row.cells.values()) for row in desk.rows(state, desk.truth(state))]
    return found


def _bare_csv(rows: list[list[Cell]]) -> None:
    csv.writer(io.StringIO()).writerows(rows)


def _bare_parquet(rows: list[list[Cell]]) -> None:
    columns = [pa.array(list(map(str, column))) for column in zip(*rows, strict=True)]
    pq.write_table(pa.table(columns, names=[str(number) for number in range(len(columns))]), io.BytesIO())


def test_sample_against_bare_writers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cells = _cells()
    ratios = {}
    for name, feed_id in (("sheet", "register.household"), ("text", "health.insurance")):
        rows, habit = cells[feed_id], habits().feeds[feed_id]
        ratios[name] = _seconds(partial(content_of, rows, habit, 1)) / _seconds(partial(_bare_csv, rows))
    bound = sum(_seconds(partial(bare, rows)) for bare in (_bare_csv, _bare_parquet) for rows in cells.values() if rows)
    whole = _seconds(
        lambda: write_county([OCTOBER], HOUSEHOLDS, 7, tmp_path / "bucket", key=tmp_path / "key", processes=1)
    )
    ratios["county"] = whole / bound
    count = sum(map(len, cells.values()))
    with capsys.disabled():
        print(
            f"\n{count} rows: bound {bound:.2f} s, county {whole:.2f} s, {whole / count * 1e6:.0f} us a row; {ratios}"
        )
    assert ratios["sheet"] < MOST_SHEET
    assert ratios["text"] < MOST_TEXT
    assert ratios["county"] < MOST_COUNTY
