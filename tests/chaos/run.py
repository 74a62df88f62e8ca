"""Kill each part of a running installation at each step of a month, and see what becomes of the month: `make chaos`.

One installation, one published month, twenty kills. Nothing is waited for by the clock: whoever comes to the step is
held there by the database, is killed there, and the month is followed to its end. Prints one row a kill.
"""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import openpyxl
import psutil
import psycopg
from psycopg import sql
from rich.console import Console

from hearth.bucket import bucket
from hearth.checksums import content
from hearth.database import Role, connect
from hearth.services import supervisor
from ingestion.reopening import reopen
from ingestion.sample.county import write_county
from tests.chaos.faults import STEPS, TARGETS, kill, standing_at, who_stands
from tests.end_to_end.conftest import OCTOBER, Installation, installed

DEPARTMENT, FEED = "register", "register.household"
_AWAY = (httpx.HTTPError, psycopg.OperationalError, OSError)

Sums = dict[str, str]
"""``table.column`` of the published month -> its sum."""


def published(installation: Installation, county: str | None = None) -> Sums:
    """What readers have of the newest live month of a county, summed up column by column."""
    found: Sums = {}
    with connect(Role.OWNER) as connection:
        for table, part in connection.execute(
            "select t.table_name, t.partition_name from ops.publication_table as t"
            " join ops.publication as p using (publication_id)"
            " where p.publication_id = (select max(publication_id) from ops.publication"
            " where state = 'live' and county_code = %s)",
            [county or installation.settings.county_code],
        ).fetchall():
            names = content(connection, "marts", part).columns
            sums = sql.SQL(", ").join(
                sql.SQL("sum(hashtextextended({}::text, 0)::numeric)::text").format(sql.Identifier(name))
                for name in names
            )
            row = connection.execute(
                sql.SQL("select {} from {}").format(sums, sql.Identifier("marts", part))
            ).fetchone()
            found.update({f"{table}.{name}": str(value) for name, value in zip(names, row or (), strict=True)})
    return found


@dataclass
class Cell:
    step: str
    target: str
    ended: str = "?"
    seconds: float = 0
    differ: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return self.ended == "by itself" and not self.differ and not self.left

    def row(self) -> str:
        equal = "equal" if not self.differ else f"{len(self.differ)} differ: {', '.join(self.differ[:3])}"
        left = "; ".join(self.left + self.said) or "-"
        return f"| {self.step} | {self.target} | {self.ended} | {self.seconds:.0f} s | {equal} | {left} |"


class Chaos:
    """One installation with one published month, over and over."""

    def __init__(self, installation: Installation, say: Callable[[str], None]) -> None:
        self.installation = installation
        self.say = say
        self.sent = 0
        self.killed: set[int] = set()
        write_county([OCTOBER], households=300, seed=11, target=bucket())
        assert set(installation.run_intakes().values()) == {"success"}
        assert self._follow(0, set()) == "by itself", self._what_is_said()
        first = published(installation)
        self._undisturbed("intake")
        again = published(installation)
        self._undisturbed("gate")
        self.lasting = {name: value for name, value in published(installation).items() if again.get(name) == value}
        lost = sorted(name for name in first if name not in self.lasting)
        self.lasting = {name: value for name, value in self.lasting.items() if first.get(name) == value}
        say(f"{len(self.lasting)} columns are compared; those that name build, file or key are not: {lost}")

    def _newest(self) -> int:
        with connect(Role.OWNER) as connection:
            row = connection.execute("select coalesce(max(publication_id), 0) from ops.publication").fetchone()
        return int(row[0]) if row else 0

    def _begin(self, step: str) -> None:
        if step != "intake":
            self.installation.airflow.trigger("close", {"period": str(OCTOBER), "rebuild": True})
            return
        self.sent += 1
        (found,) = self.installation.rows(
            "select archive_key, file_name from ops.submission where feed in (%s, %s) and state in"
            " ('accepted', 'partially_accepted')",
            *(FEED, FEED.split(".")[1]),
        )
        workbook = openpyxl.load_workbook(io.BytesIO((bucket() / str(found[0])).read_bytes()))
        workbook.create_sheet(f"更正说明{self.sent}")
        buffer = io.BytesIO()
        workbook.save(buffer)
        config = self.installation.settings
        reopen(
            *(config.county_code, OCTOBER),
            department=DEPARTMENT,
            feed=None,
            reason="更正",
            by="登记办",
            until=datetime.now(config.zone) + timedelta(days=1),
        )
        target = bucket() / "inbox" / DEPARTMENT / str(OCTOBER) / str(found[1])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(buffer.getvalue())
        self.installation.airflow.trigger(f"intake__{DEPARTMENT}")

    def _runs(self) -> dict[str, str]:
        airflow, since = self.installation.airflow, self.installation.started
        return {**airflow.run_states("close", since), **airflow.run_states(f"intake__{DEPARTMENT}", since)}

    def _follow(self, before: int, known: set[str]) -> str:
        """Until every new run has ended and, unless one failed, the month is published anew."""

        def ask() -> str | None:
            try:
                new = {run: state for run, state in self._runs().items() if run not in known}
                if any(state not in ("success", "failed") for state in new.values()):
                    return None
                if "failed" in new.values():
                    return "a person"
                return "by itself" if self._newest() > before else None
            except _AWAY:
                return None

        try:
            return self.installation.wait_for(ask, {"a person", "by itself"}, seconds=600)
        except Exception as problem:  # noqa: BLE001 - the row of the table says it
            return f"never: {problem}"

    def _undisturbed(self, step: str) -> None:
        before, known = self._newest(), set(self._runs())
        started = time.monotonic()
        self._begin(step)
        assert self._follow(before, known) == "by itself"
        self.say(f"undisturbed, from {step}: {time.monotonic() - started:.0f} s")

    def _left_behind(self) -> list[str]:
        """What a kill must not leave: services that are down, processes of nobody, files, half-written rows."""
        home = str(self.installation.settings.home)
        wrong = [f"{name} {state}" for name, state in supervisor.states().items() if not state.startswith("RUNNING")]
        for process in psutil.process_iter():
            try:
                if os.getpgid(process.pid) in self.killed:
                    wrong.append(f"[{process.pid}] of a killed program")
                if "hearth.dbt_process" in process.cmdline() and process.environ().get("HEARTH_HOME") == home:
                    wrong.append(f"dbt [{process.pid}] still runs")
            except (psutil.Error, ProcessLookupError):
                continue
        inbox = Path(self.installation.settings.bucket.removeprefix("file://")) / "inbox"
        wrong += [f"left in the inbox: {path.name}" for path in inbox.rglob("*") if path.is_file()]
        with connect(Role.OWNER) as connection:
            accepted = (
                "select sum(rows_accepted) from ops.submission where department = 'register' and feed like '%household'"
            )
            queries = {
                "files without an answer": "select count(*) from ops.submission where state = 'claimed'",
                "live publications": "select count(*) - 1 from ops.publication where state = 'live'",
                "rows that nobody counts": f"select count(*) - ({accepted}) from raw.register__household",
            }
            for name, query in queries.items():
                row = connection.execute(query.encode()).fetchone()
                if row is None or row[0] != 0:
                    wrong.append(f"{row and row[0]} {name}")
        return wrong

    def kill(self, step: str, target: str) -> Cell:
        cell = Cell(step, target)
        before, known = self._newest(), set(self._runs())
        try:
            with standing_at(step) as alarm:
                self._begin(step)
                standing = who_stands(alarm)
                self.killed.add(kill(target, standing))
                started = time.monotonic()
        except Exception as problem:  # noqa: BLE001 - the other kills are still worth their time
            self._follow(before, known)
            cell.ended = f"nobody was killed: {problem!r}"
            self.say(cell.row())
            return cell
        cell.ended = self._follow(before, known)
        cell.seconds = time.monotonic() - started
        if not cell.ended.startswith("by itself"):
            cell.said = self._what_is_said()
        now = published(self.installation)
        cell.differ = sorted(name for name, value in self.lasting.items() if now.get(name) != value)
        cell.left = self._left_behind()
        self.say(cell.row())
        return cell

    def _what_is_said(self) -> list[str]:
        airflow = self.installation.airflow
        runs = airflow.run_states("close", self.installation.started)
        return [
            f"{task}: {state}"
            for run in sorted(runs)[-1:]
            for task, state in airflow.task_states("close", run).items()
            if state not in ("success", "skipped")
        ]


def main(arguments: list[str]) -> int:
    """Kill everything, or only what is named: ``gate:worker close:task``."""
    console = Console(width=250)
    wanted = [tuple(name.split(":")) for name in arguments] or [(step, who) for step in STEPS for who in TARGETS]
    with ExitStack() as stack:
        installation = stack.enter_context(installed(fsync=True))
        chaos = Chaos(installation, console.print)
        console.print(
            "| step | killed | month finished | after | published sums | left behind |\n|---|---|---|---|---|---|"
        )
        cells = [chaos.kill(step, target) for step, target in wanted]
    bad = [f"{cell.step}:{cell.target}" for cell in cells if not cell.good]
    console.print(f"{len(cells) - len(bad)} of {len(cells)} kills left no trace; others: {bad}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
