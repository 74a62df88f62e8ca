"""What a killed program leaves behind is ended by the next one of its name, and nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from hearth.processes import kill_remains

# A program, its worker, and the worker's task in a group of its own, as Airflow makes them.
PROGRAM = """
import subprocess, sys
wait = "import sys; sys.stdin.read()"
task = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {wait!r}], process_group=0); print(p.pid, flush=True); {wait}"
worker = subprocess.Popen([sys.executable, "-c", task])
print(worker.pid, flush=True)
sys.stdin.read()
"""  # noqa: E501 - one line of a program in a program


@pytest.mark.parametrize("is_killed", [True, False])
def test_the_next_program_ends_what_a_killed_one_left(tmp_path: Path, is_killed: bool) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert program.stdin
    assert program.stdout
    worker, task = (psutil.Process(int(program.stdout.readline())) for _ in range(2))
    try:
        if is_killed:
            program.kill()
            program.wait()
        assert worker.is_running()
        group_file = tmp_path / "scheduler.group"
        group_file.write_text(str(program.pid), encoding="ascii")

        killed = kill_remains(group_file)

        assert killed == (sorted((worker.pid, task.pid)) if is_killed else [])
        gone, alive = psutil.wait_procs([worker, task], timeout=5 if is_killed else 0.1)
        assert len(alive) == (0 if is_killed else 2), gone
        assert group_file.read_text(encoding="ascii") == str(os.getpgrp())
    finally:
        program.stdin.close()  # whatever still lives reads the end of its input
        program.stdout.close()
        program.wait()
