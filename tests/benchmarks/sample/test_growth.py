"""What a larger county costs: as much for each household as a smaller one, and little in the process that joins.

Each household of the county of a million is worked on in blocks eight times as large as those of a small county, so
whatever looks at all of a block for each of its rows shows in the first bound. The second is what the joining process
still holds of a block when it has taken it.
"""

from __future__ import annotations

import pickle
import time
import tracemalloc
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from hearth.period import Period
from ingestion.sample.block_work import Answer, Run, Said
from ingestion.sample.blocks import Block, cut
from ingestion.sample.county import _Month
from ingestion.sample.crew import Alone
from ingestion.sample.key_folder import KeyFolder
from ingestion.sample.places import places

COUNTY = "530524"
MONTH = Period(2025, 9)
SMALL, LARGE = 20_000, 1_000_000
JOINED = 150_000
"""Large enough that no long list is sent in the old workbook format, which is held in memory (65,536 rows at most)."""
MOST_GROWTH = 1.2
"""Processor time for a household of the large county beside one of the small county."""
MOST_HELD = 1_000
"""Bytes that the joining process keeps of a household: its faults and remarks, for the manifest."""


@dataclass
class _Passed:
    """A block's last word, as it comes out of a pipe."""

    said: bytes
    ahead: int = 1

    def hear(self, _block: Block) -> Said:
        said: Said = pickle.loads(self.said)  # noqa: S301 - written a moment ago by this test
        return said

    def tell(self, _block: Block, _answer: Answer) -> None:
        raise AssertionError("a block that has been written asks for nothing")

    def close(self) -> None:
        """Nothing to end."""


@contextmanager
def _month(households: int, folder: Path) -> Generator[tuple[_Month, Alone]]:
    folder.mkdir()
    key = KeyFolder(folder / "key", COUNTY, households, 7)
    key.folder.mkdir()
    key.begin()
    run = Run(COUNTY, households, 7, (MONTH,), key.folder)
    month, crew = _Month(run, MONTH, places(COUNTY), folder, key.month(MONTH)), Alone(run)
    try:
        yield month, crew
    finally:
        crew.close()
        month.abandon()


def _cost(households: int, blocks: int, folder: Path) -> float:
    """Seconds of the processor for a household, from the county's blocks behind the first."""
    with _month(households, folder) as (month, crew):
        first, *others = cut(households, places(COUNTY))[: blocks + 1]
        month.agree(crew, first)  # the first block opens contracts and files
        month.take(crew, first)
        started = time.process_time()
        for block in others:
            month.agree(crew, block)
            month.take(crew, block)
        return (time.process_time() - started) / sum(len(block.serials) for block in others)


def test_a_household_costs_the_same_in_a_large_county(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small, large = _cost(SMALL, 4, tmp_path / "small"), _cost(LARGE, 1, tmp_path / "large")
    with capsys.disabled():
        print(
            f"\nhousehold-months a second of a core: {1 / small:.0f} of {SMALL}, {1 / large:.0f} of {LARGE} households"
        )
    assert large / small < MOST_GROWTH


def test_who_joins_the_blocks_holds_little_of_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with _month(JOINED, tmp_path / "county") as (month, crew):
        blocks = cut(JOINED, places(COUNTY))[:4]
        held = 0
        for block in blocks:
            month.agree(crew, block)
            passed = _Passed(pickle.dumps(crew.hear(block)))
            in_tables = pa.total_allocated_bytes()
            tracemalloc.start()
            month.take(passed, block)
            held += tracemalloc.get_traced_memory()[0] + pa.total_allocated_bytes() - in_tables
            tracemalloc.stop()
        each = held / sum(len(block.serials) for block in blocks)
    with capsys.disabled():
        print(f"\n{each:.0f} bytes of a household are held")
    assert each < MOST_HELD
