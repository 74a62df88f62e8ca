"""Every guard refuses its file with a rule and a Chinese sentence, in bounded memory and processor time."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from ingestion.inspect_file import inspect_bytes
from ingestion.read import read_table
from ingestion.reader.guards import Limits, check_text
from ingestion.reader.opening import open_file
from ingestion.table import CellValue, FileProblem
from tests.unit.ingestion.corpus import corpus, with_shared_texts
from tests.unit.ingestion.hostile_files import HOSTILE, lying_dimension, repacked
from tests.unit.ingestion.reader_files import ALLOWANCE, HEADER, PERIOD, people, xlsx

_MEMORY = 1_000 << 20
"""Beyond what the process already has."""
_CPU_SECONDS = 10


def _bounded(name: str) -> str:
    """What becomes of a hostile file in a process of its own that may use little memory and little time."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        data = HOSTILE[name][0]()
        allowed = psutil.Process().memory_info().vms + _MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.setitimer(signal.ITIMER_PROF, _CPU_SECONDS)
        try:
            read_table(data, "名单.xlsx", ALLOWANCE, PERIOD)
            said = "read"
        except FileProblem as problem:
            said = f"{problem.rule_id} {problem.message} {problem.fix}"
        except BaseException as fault:  # noqa: BLE001 - whatever it is, the parent is to see it
            said = f"FAULT {type(fault).__name__}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(process, 0)
    return said or f"FAULT process ended with {status}"


@pytest.mark.parametrize("name", HOSTILE)
def test_refused_in_bounds(name: str) -> None:
    _, rule_id, words = HOSTILE[name]
    said = _bounded(name)
    assert said.startswith(rule_id), said
    assert words in said
    assert len(re.findall("[一-鿿]", said)) > 10


@pytest.mark.parametrize("name", ["merges over merges", "a path that leads out", "macros in an old workbook"])
def test_inspect_refuses_the_same(name: str) -> None:
    found = inspect_bytes(HOSTILE[name][0]())
    assert found.problem is not None
    assert found.problem.rule_id == HOSTILE[name][1]


def test_a_dimension_that_lies_costs_nothing() -> None:
    assert len(read_table(lying_dimension(), "名单.xlsx", ALLOWANCE, PERIOD).rows) == 3


def test_limits_are_those_given() -> None:
    data = xlsx([HEADER, *people(300)])
    with pytest.raises(FileProblem, match="F-02"):
        open_file(data, Limits(max_cells=1_000))
    with pytest.raises(FileProblem, match="F-02"):
        open_file(data, Limits(max_unpacked_mb=0))
    with pytest.raises(FileProblem, match="F-02"):
        open_file(data, Limits(max_parts=3))
    with pytest.raises(FileProblem, match="F-02"):
        check_text(11, 1, Limits(max_cells=10))


def test_a_large_honest_sheet_is_no_bomb() -> None:
    body: list[list[CellValue]] = [[f"张{n}", str(n), n] for n in range(3_000)]
    rows: list[list[CellValue]] = [["姓名", "号", "数"], *body]
    for data in (xlsx(rows), with_shared_texts(xlsx(rows))):
        assert len(open_file(data, Limits()).book.grids[0].rows) == 3_001


def test_links_to_other_files_are_told_and_not_followed() -> None:
    data = repacked(xlsx([HEADER, *people(1)]), {}, {"xl/externalLinks/externalLink1.xml": b"<externalLink/>"})
    assert any("外部链接" in text for text in inspect_bytes(data).oddities)


def test_a_command_in_a_cell_stays_text() -> None:
    rows = [list(row) for row in [HEADER, *people(1)]]
    rows[1][2] = "=cmd|' /C calc'!A0"
    data = ("\n".join(",".join(row) for row in rows) + "\n").encode()
    assert read_table(data, "名单.csv", ALLOWANCE, PERIOD).rows[0].cells["village_name"] == "=cmd|' /C calc'!A0"
    assert any("DDE" in text for text in inspect_bytes(data).sheets[0].oddities)


_READ_ALL = """
import os, sys, tempfile
from tests.unit.ingestion.corpus import corpus, with_shared_texts
from tests.unit.ingestion.reader_files import ALLOWANCE, PERIOD
from ingestion.inspect_file import inspect_bytes
from ingestion.read import read_table
for name in ("plain/xlsx", "plain/xls", "plain/html utf-8", "plain/xml2003", "plain/csv gb18030"):
    read_table(corpus()[name], name, ALLOWANCE, PERIOD)
    inspect_bytes(corpus()[name])
os.kill(os.getpid(), 9)
"""


def test_reading_leaves_no_file_behind_even_when_killed(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "TEMP": str(tmp_path), "TMP": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", _READ_ALL], env=environment, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_a_stumbling_engine_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """What it prints may quote a cell. This workbook makes it stumble: a formula record cut in its middle."""
    data = bytearray(corpus()["plain/xls"])
    for place in range(1536, len(data) - 600, 7):
        broken = bytearray(data)
        broken[place : place + 2] = b"\xff\xff"
        try:
            read_table(bytes(broken), "名单.xls", ALLOWANCE, PERIOD)
        except FileProblem:
            continue
    assert capfd.readouterr().err == ""
