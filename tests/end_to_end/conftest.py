"""A whole installation of its own: PostgreSQL, Airflow's four processes, supervisord, a bucket."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from rich.console import Console
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from hearth.database import Role, connect
from hearth.demo import Airflow
from hearth.period import Period
from hearth.services import stack, supervisor
from hearth.settings import Settings, settings
from ingestion.sample.county import write_county
from tests.conftest import free_port

SEPTEMBER, OCTOBER = Period(2026, 9), Period(2026, 10)
_RUN_SECONDS = 900


class NotYet(Exception):  # noqa: N818 - a state of waiting, no error
    """What a test waits for has not come."""


@contextmanager
def environment(**overrides: str) -> Iterator[Settings]:
    """Settings of another installation for the length of a block."""
    before = {name: os.environ.get(name) for name in overrides}
    os.environ.update(overrides)
    settings.cache_clear()
    try:
        yield settings()
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        settings.cache_clear()


@dataclass
class Installation:
    settings: Settings
    airflow: Airflow
    started: datetime = field(default_factory=lambda: datetime.now(settings().zone))

    def rows(self, query: str, *parameters: object, role: Role = Role.OWNER) -> list[tuple[object, ...]]:
        with connect(role) as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def end_of(self, dag_id: str, run_id: str) -> str:
        """Wait for the end of a run; return its state."""
        return self.wait_for(lambda: self.airflow.run_states(dag_id, self.started).get(run_id), {"success", "failed"})

    def run(self, dag_id: str, conf: dict[str, object] | None = None) -> str:
        """Trigger a DAG and wait for its end; return the state."""
        return self.end_of(dag_id, self.airflow.trigger(dag_id, conf))

    def run_intakes(self) -> dict[str, str]:
        runs = {dag_id: self.airflow.trigger(dag_id) for dag_id in self.airflow.intake_dags()}
        return {dag_id: self.end_of(dag_id, run_id) for dag_id, run_id in runs.items()}

    def close_is_quiet(self) -> dict[str, str]:
        """Wait until no close is queued or running; return the state of each run since the installation started."""

        def states() -> str | None:
            found = self.airflow.run_states("close", self.started).values()
            return "quiet" if all(state in ("success", "failed") for state in found) else None

        self.wait_for(states, {"quiet"})
        return self.airflow.run_states("close", self.started)

    @staticmethod
    def wait_for(ask: Callable[[], str | None], answers: set[str], seconds: int = _RUN_SECONDS) -> str:
        @retry(
            retry=retry_if_exception_type(NotYet), stop=stop_after_delay(seconds), wait=wait_fixed(0.5), reraise=True
        )
        def attempt() -> str:
            answer = ask()
            if answer not in answers:
                raise NotYet(f"[{answer}] is none of {sorted(answers)} after {seconds} s")
            return answer

        return attempt()

    def publications(self) -> list[tuple[object, ...]]:
        return self.rows(
            "select period, publication_id, household_count from ops.publication where state = 'live' order by period"
        )


@contextmanager
def installed(*, fsync: bool, **others: str) -> Iterator[Installation]:
    """A started one; DAGs run only when somebody triggers them (the crons point at one minute of the year)."""
    home = Path(tempfile.mkdtemp(prefix="hearth-e2e-"))
    home.chmod(0o755)
    never = "59 23 31 12 *"
    with environment(
        HEARTH_HOME=str(home),
        HEARTH_PG_PORT=str(free_port()),
        HEARTH_AIRFLOW_PORT=str(free_port()),
        HEARTH_PG_FSYNC=str(fsync).lower(),
        HEARTH_STABLE_SECONDS="0",
        HEARTH_INTAKE_SCHEDULE=never,
        HEARTH_CUTOFF_SCHEDULE=never,
        HEARTH_REMINDER_SCHEDULE=never,
        HEARTH_HOUSEKEEPING_SCHEDULE=never,
        HEARTH_DISK_FREE_GB="0.1",
        AIRFLOW_HOME=str(home / "airflow"),
        **others,
    ) as config:
        try:
            stack.up(Console(quiet=True))
            yield Installation(config, Airflow())
        finally:
            supervisor.stop_all()
            shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """Started once."""
    with installed(fsync=False) as found:
        yield found


@pytest.fixture(scope="session")
def published(installation: Installation) -> Installation:
    """Two months of a small county, taken in and published by the real scheduler."""
    from hearth.bucket import bucket

    for period in (SEPTEMBER, OCTOBER):
        write_county([period], households=300, seed=11, target=bucket())
        assert set(installation.run_intakes().values()) == {"success"}
        installation.wait_for(
            lambda period=period: "there" if str(period) in {row[0] for row in installation.publications()} else None,  # type: ignore[misc]
            {"there"},
        )
    assert set(installation.close_is_quiet().values()) == {"success"}
    return installation


@dataclass
class Reader:
    """Asks the same question as the reader role, over and over, in a thread."""

    query: str
    answers: list[tuple[object, ...]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    @contextmanager
    def polling(self) -> Iterator[None]:
        stop = threading.Event()

        def ask() -> None:
            while not stop.is_set():
                try:
                    with connect(Role.READER, autocommit=True) as connection:
                        self.answers.append(connection.execute(self.query.encode()).fetchone() or ())
                except psycopg.Error as error:
                    self.errors.append(error)
                stop.wait(0.1)

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
