"""Intake through Redis and two Celery workers, one of them killed with a file in hand: `make chaos`.

The worker is not killed after some seconds but when it waits in the database, its file claimed, on the table that the
test holds. What Airflow and dbt say of lineage is read from the same run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from hearth.bucket import bucket
from hearth.database import Role, url
from hearth.lineage import lineage_file
from hearth.secrets import secret
from hearth.services.airflow import environment
from hearth.settings import PROJECT_ROOT, settings
from ingestion.contract import contracts
from ingestion.sample.county import write_county
from tests.chaos.worker_name import worker_name
from tests.conftest import free_port
from tests.end_to_end.conftest import SEPTEMBER, Installation, installed

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.timeout(2700),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server: apt-get install redis-server"),
]
pytest.importorskip("airflow.providers.celery", reason="needs the packages of docker/requirements.lock")

SENDERS = ("register", "water", "power")
HELD = "register.household"
WORKERS = ("first", "second")
IN_HAND = """
    select s.submission_id, a.client_port
    from pg_stat_activity as a, ops.submission as s
    where %s = any(pg_blocking_pids(a.pid)) and s.feed = 'household' and s.state = 'claimed'
"""


@contextmanager
def started(name: str, command: list[str], *, words: str | None = None, **extra: str) -> Iterator[psutil.Popen]:
    """A process with the installation's settings and a log of its own; ended, with its children, after the block."""
    with (settings().log_dir / f"{name}.log").open("ab") as log:
        process = psutil.Popen(
            command,
            cwd=PROJECT_ROOT,
            env={**os.environ, **environment(), **extra},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    if process.stdin is not None:
        process.stdin.write((words or "").encode())
        process.stdin.close()
    try:
        yield process
    finally:
        kill(process)


def kill(process: psutil.Process) -> None:
    """As if the machine had lost its power: the process and all below it at once."""
    if not process.is_running():
        return
    family = [process, *process.children(recursive=True)]
    for member in family:
        member.kill()
    psutil.wait_procs(family, timeout=30)


@contextmanager
def redis() -> Iterator[psutil.Popen]:
    """Set as in docker/compose.yaml. The password comes by standard input: no list of processes shows it."""
    lines = {"port": str(settings().queue_port), "bind": "127.0.0.1", "save": '""', "appendonly": "no"}
    lines |= {"maxmemory": "200mb", "requirepass": secret("redis")}
    text = "".join(f"{name} {value}\n" for name, value in lines.items())
    with started("redis", ["redis-server", "-"], words=text) as process:
        yield process


@contextmanager
def worker(name: str) -> Iterator[psutil.Popen]:
    words = ["celery", "worker", "--celery-hostname", f"{name}@%h", "--concurrency", "2", "--skip-serve-logs"]
    pid = ["--pid", str(settings().run_dir / f"worker-{name}.pid")]
    command = [sys.executable, "-m", "airflow", *words, *pid]
    with started(f"worker-{name}", command, HEARTH_TEST_WORKER=name) as process:
        yield process


@pytest.fixture(scope="module")
def queued() -> Iterator[tuple[Installation, dict[str, psutil.Process]]]:
    with ExitStack() as stack:
        installation = stack.enter_context(
            installed(
                fsync=False,
                HEARTH_QUEUE_HOST="127.0.0.1",
                HEARTH_QUEUE_PORT=str(free_port()),
                HEARTH_LINEAGE="file",
                AIRFLOW__CORE__HOSTNAME_CALLABLE=f"{worker_name.__module__}.{worker_name.__name__}",
                PYTHONPATH=str(PROJECT_ROOT),
            )
        )
        stack.enter_context(redis())
        yield installation, {name: stack.enter_context(worker(name)) for name in WORKERS}


def who_holds_a_file(installation: Installation, holder: psycopg.Connection, workers: dict[str, psutil.Process]) -> str:
    """Name of the worker below which a session waits for the table that ``holder`` has locked."""

    def ask() -> str | None:
        for _, port in installation.rows(IN_HAND, holder.info.backend_pid):
            for name, process in workers.items():
                for member in process.children(recursive=True):
                    if port in {held.laddr.port for held in member.net_connections(kind="tcp")}:
                        return name
        return None

    return installation.wait_for(ask, set(workers))


def takes(installation: Installation) -> list[tuple[object, ...]]:
    """Worker, number of tries and what was taken, of each file."""
    with psycopg.connect(url(Role.AIRFLOW, database="airflow")) as connection:
        return connection.execute(
            "select hostname, try_number, rendered_map_index, state from task_instance where task_id = 'take'"
        ).fetchall()


def test_a_worker_killed_with_a_file_in_hand_loses_nothing(
    queued: tuple[Installation, dict[str, psutil.Process]],
) -> None:
    installation, workers = queued
    write_county([SEPTEMBER], households=120, seed=11, target=bucket())
    for folder in (bucket() / "inbox").iterdir():
        if folder.name not in SENDERS:
            shutil.rmtree(folder.path)
    assert installation.airflow.intake_dags()  # waits until the DAGs are there
    with psycopg.connect(url(Role.OWNER)) as holder:
        holder.execute(f"lock table raw.{contracts()[HELD].raw_table} in share row exclusive mode".encode())
        runs = {f"intake__{name}": installation.airflow.trigger(f"intake__{name}") for name in SENDERS}
        killed = who_holds_a_file(installation, holder, workers)
        kill(workers[killed])
    for dag_id, run_id in runs.items():
        assert installation.end_of(dag_id, run_id) == "success", dag_id

    (survivor,) = set(WORKERS) - {killed}
    taken = takes(installation)
    again = [row for row in taken if int(str(row[1])) > 1]
    assert again, "the file that the dead worker had was tried again"
    assert {row[0] for row in again} == {survivor}
    assert {row[3] for row in taken} == {"success"}
    _nothing_lost_nothing_doubled(installation)


def _nothing_lost_nothing_doubled(installation: Installation) -> None:
    feeds = {contract.feed_id: contract for contract in contracts().values() if contract.department in SENDERS}
    live = installation.rows(
        "select department, feed, submission_id, rows_accepted from ops.submission"
        " where state in ('accepted', 'partially_accepted')"
    )
    assert sorted(f"{department}.{feed}" for department, feed, *_ in live) == sorted(feeds)
    for department, feed, submission_id, accepted in live:
        table = feeds[f"{department}.{feed}"].raw_table
        found = installation.rows(
            f"select count(*), count(*) filter (where submission_id = %s) from raw.{table}", submission_id
        )
        assert found == [(accepted, accepted)], table
    assert installation.rows("select count(*) from ops.submission where state = 'claimed'") == [(0,)]
    assert installation.rows(
        "select count(*) from ops.submission where rows_received <> rows_accepted + rows_rejected"
    ) == [(0,)]
    for submission_id, state, key in installation.rows("select submission_id, state, receipt_key from ops.submission"):
        receipt = json.loads((bucket() / str(key)).read_text(encoding="utf-8"))
        assert (receipt["submission_id"], receipt["state"]) == (submission_id, state)
    inbox = Path(installation.settings.bucket.removeprefix("file://")) / "inbox"
    assert [path for path in inbox.rglob("*") if path.is_file()] == []


def test_lineage_tells_of_tasks_and_of_the_assets_that_they_write(
    queued: tuple[Installation, dict[str, psutil.Process]],
) -> None:
    """The provider's own events: each task begins and ends, and `loaded` names what it has written."""
    events = [json.loads(line) for line in lineage_file().read_text(encoding="utf-8").splitlines()]
    seen = {(event["eventType"], event["job"]["name"]) for event in events}
    for task in ("discover", "take", "loaded", "announce"):
        assert {("START", f"intake__register.{task}"), ("COMPLETE", f"intake__register.{task}")} <= seen
    assert {"START", "COMPLETE"} <= {kind for kind, job in seen if job == "intake__register"}
    written = {
        output["name"]
        for event in events
        if event["eventType"] == "COMPLETE" and event["job"]["name"] == "intake__register.loaded"
        for output in event.get("outputs", [])
    }
    assert written == {"raw.register"}
    values = {json.dumps(event, ensure_ascii=False) for event in events}
    assert not any("520099" in text for text in values), "names of tables leave, never a value"
