"""Processes that outlived those they worked for."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import psutil

_PATIENCE_SECONDS = 5


def kill_remains(group_file: Path, home: str) -> list[int]:
    """Kill what is left of the process group that ``group_file`` names, then write this process's own there.

    A number is used again by the system: only processes with this installation's ``HEARTH_HOME`` are meant. Returns
    what was killed.
    """
    try:
        group = int(group_file.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        group = 0
    members = [process for process in psutil.process_iter() if group and _is_of(process, group, home)]
    remains = {*members, *(child for member in members for child in _below(member))}  # tasks have groups of their own
    for process in remains:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(list(remains), timeout=_PATIENCE_SECONDS)
    group_file.write_text(str(os.getpgrp()), encoding="ascii")
    return sorted(process.pid for process in remains)


def _below(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _is_of(process: psutil.Process, group: int, home: str) -> bool:
    try:
        return (
            process.pid != os.getpid()
            and os.getpgid(process.pid) == group
            and process.environ().get("HEARTH_HOME") == home
        )
    except (psutil.Error, ProcessLookupError):
        return False
