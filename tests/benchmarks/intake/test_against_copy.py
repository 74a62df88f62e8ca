"""What intake costs beside the least that loading can cost: PostgreSQL's own COPY of the same file.

The bound of each ratio is what the machine showed when it was written, with room for noise; whoever makes intake faster
lowers it. Seconds are printed, never judged.
"""

from __future__ import annotations

import csv
import io
import time

import pytest

from hearth.bucket import bucket
from hearth.database import Role, connect
from hearth.settings import Settings
from ingestion.contract import contracts
from ingestion.intake import take
from ingestion.read import read_table, type_table
from ingestion.sample.county import write_county
from tests.end_to_end.conftest import OCTOBER

HOUSEHOLDS = 3_200
FEED = "health.insurance"
MOST_READING = 120.0
MOST_WHOLE = 250.0


def _seconds(started: float) -> float:
    return time.perf_counter() - started


@pytest.fixture
def dropped(clean_warehouse: Settings) -> tuple[str, bytes]:
    """One real feed of the sample county in the inbox: its key and its bytes."""
    manifest = write_county([OCTOBER], households=HOUSEHOLDS, seed=3, target=bucket())
    (file,) = manifest.good(FEED)
    return file.path, (bucket() / file.path).read_bytes()


def _copy_seconds(data: bytes, rows: int) -> float:
    """COPY of as many rows of text, as wide as the file, into an unlogged table: the bound."""
    lines = [line for line in csv.reader(io.StringIO(data.decode("gb18030"))) if len(line) > 5][:rows]
    width = max(map(len, lines))
    text = io.StringIO()
    csv.writer(text).writerows([*line, *[""] * (width - len(line))] for line in lines)
    with connect(Role.OWNER) as connection:
        columns = ", ".join(f"c{number} text" for number in range(width))
        connection.execute(f"create temporary table bound ({columns})".encode())
        started = time.perf_counter()
        with connection.cursor().copy("copy bound from stdin with (format csv)") as copy:
            copy.write(text.getvalue())
        return _seconds(started)


def test_intake_against_copy(dropped: tuple[str, bytes], capsys: pytest.CaptureFixture[str]) -> None:
    key, data = dropped
    started = time.perf_counter()
    typed = type_table(read_table(data, key.rsplit("/", 1)[-1], contracts()[FEED], OCTOBER), OCTOBER, "530524")
    reading = _seconds(started)
    rows = typed.data.num_rows
    bound = _copy_seconds(data, rows)
    started = time.perf_counter()
    receipt = take(key)
    whole = _seconds(started)
    assert receipt.rows_accepted > 0
    with capsys.disabled():
        print(
            f"\n{rows} rows: COPY {bound:.3f} s; read and type {reading:.2f} s = {reading / bound:.0f}x; "
            f"drop to receipt {whole:.2f} s = {whole / bound:.0f}x"
        )
    assert reading / bound < MOST_READING
    assert whole / bound < MOST_WHOLE
