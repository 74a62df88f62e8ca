"""Processes that outlived those they worked for."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import psutil

_PATIENCE_SECONDS = 5


def kill_remains(group_file: Path) -> list[int]:
    """Kill what is left of the process group that ``group_file`` names, then write this process's own there.

    The kernel gives the number to no other process while one of the group lives. So where its leader is alive, the
    number belongs to somebody else by now. Returns what was killed.
    """
    try:
        group = int(group_file.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        group = 0
    is_ours = bool(group) and group != os.getpgrp() and not psutil.pid_exists(group)
    members = [process for process in psutil.process_iter() if is_ours and _group_of(process) == group]
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


def _group_of(process: psutil.Process) -> int | None:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return None
