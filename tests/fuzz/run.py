"""Many worsened files through the reader, each with a verdict: ``python -m tests.fuzz.run --count 100000``.

A child process reads; the parent only watches. A file that ends the child (a crash, more memory or processor time than
allowed) is a finding like an exception nobody declared. Files are named by seed and number and can be made again:
``python -m tests.fuzz.run --first 4711 --count 1 --keep file.bin``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import psutil

from hearth.period import Period
from ingestion.contract import Contract
from ingestion.inspect_file import as_text, inspect_bytes
from ingestion.read import read_table, type_table
from ingestion.table import CellValue, FileProblem
from tests.fuzz.mutate import mutate
from tests.unit.ingestion.corpus import corpus
from tests.unit.ingestion.reader_files import ALLOWANCE, COUNTY, HEADER, PERIOD, people, xls, xlsx

_NUMBER = re.compile(r"\d{11,}")
"""No message to a person holds a number as long as a phone's."""


@dataclass(frozen=True)
class Budget:
    """What one file may cost."""

    cpu_seconds: float = 10.0
    memory_gb: float = 3.0
    """Beyond what the process has at its start."""


def verdict(data: bytes, feed: Contract = ALLOWANCE, period: Period = PERIOD) -> str:
    """What becomes of a file: the rule that refuses it, or its rows. Raises AssertionError for a message with a number
    as long as a phone's, and whatever the reader raises beyond FileProblem."""
    problem: FileProblem | None = None
    try:
        raw = read_table(data, "名单.xlsx", feed, period)
        typed = type_table(raw, period, COUNTY)
    except FileProblem as refusal:
        problem = refusal
    seen = inspect_bytes(data)
    if _NUMBER.search(as_text(seen) + json.dumps(seen.as_json())):
        raise AssertionError("a long number in what inspect shows")
    if problem is None:
        if not all(finding.message and finding.fix for finding in typed.findings):
            raise AssertionError("a finding without words")
        return "rows with findings" if typed.findings else "rows"
    if not problem.fix or _NUMBER.search(problem.message + problem.fix):
        raise AssertionError(f"{problem.rule_id} says nothing, or too much")
    return problem.rule_id


@cache
def _files() -> Mapping[str, bytes]:
    """The corpus, and workbooks whose cells are numbers, dates, truth values, formulas and errors."""
    rows: list[list[CellValue]] = [[*HEADER]]
    for n, row in enumerate(people(6)):
        rows.append(
            [n + 1, *row[1:5], int(row[5]), float(row[6]), *row[7:8], date(2012, 5, 1), date(2026, 10, 3), True]
        )
    formulas = [*rows, [9, *rows[1][1:6], "=SUM(G2:G7)", "#N/A", 41000, 43831.5, False]]
    return {**corpus(), "typed/xlsx": xlsx(rows), "typed/xls": xls(rows), "formulas/xlsx": xlsx(formulas)}


def make(seed: int, number: int) -> tuple[str, bytes]:
    """The file of that number, and the name of the one it was made from."""
    return mutate(random.Random(seed * 1_000_003 + number), _files())  # noqa: S311 - not a secret


def _child(seed: int, first: int, count: int, budget: Budget, pipe: int) -> None:
    allowed = psutil.Process().memory_info().vms + int(budget.memory_gb * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # ends the process even inside compiled code
    with os.fdopen(pipe, "w", encoding="utf-8") as out:
        for number in range(first, first + count):
            print(f"start\t{number}\t?", file=out, flush=True)
            name, data = make(seed, number)
            print(f"start\t{number}\t{name}", file=out, flush=True)
            signal.setitimer(signal.ITIMER_PROF, budget.cpu_seconds)
            try:
                said = verdict(data)
            except BaseException as fault:  # noqa: BLE001 - a compiled engine throws what is no Exception
                place = traceback.extract_tb(fault.__traceback__)[-1]
                said = f"FAULT {type(fault).__name__} {Path(place.filename).name}:{place.lineno} {str(fault)[:120]!r}"
            signal.setitimer(signal.ITIMER_PROF, 0)
            print(f"end\t{number}\t{said}", file=out, flush=True)


def run(seed: int, first: int, count: int, budget: Budget | None = None) -> Iterator[tuple[int, str, str]]:
    """(number, corpus file, verdict) of each file; a verdict that begins with FAULT is a finding."""
    budget = budget or Budget()
    last = first + count
    while first < last:
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(reading)
            try:
                _child(seed, first, last - first, budget, writing)
            finally:
                os._exit(0)
        os.close(writing)
        number, name, is_open = first, "", False
        with os.fdopen(reading, encoding="utf-8") as lines:
            for line in lines:
                word, stated, text = line.rstrip("\n").split("\t", 2)
                if word == "start":
                    number, name, is_open = int(stated), text, True
                else:
                    is_open = False
                    yield number, name, text
        _, status = os.waitpid(process, 0)
        if is_open:
            ended = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"
            yield number, name, f"FAULT process ended: {ended}"
        elif number + 1 < last and status:
            raise RuntimeError(f"the reading process ended between files, status [{status}]")
        first = number + 1


def main() -> int:
    """Count the verdicts; exit code 1 if any file found a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--keep", type=Path, help="write the first file there and read nothing")
    options = parser.parse_args()
    if options.keep:
        name, data = make(options.seed, options.first)
        options.keep.write_bytes(data)
        print(name, len(data))
        return 0
    counts: Counter[str] = Counter()
    for number, name, said in run(options.seed, options.first, options.count):
        counts[said if not said.startswith("FAULT") else "FAULT"] += 1
        if said.startswith("FAULT"):
            print(f"seed {options.seed} file {number} ({name}): {said}", flush=True)
    print(f"{sum(counts.values())} files: " + ", ".join(f"{said} {n}" for said, n in sorted(counts.items())))
    return int(bool(counts["FAULT"]))


if __name__ == "__main__":
    sys.exit(main())
