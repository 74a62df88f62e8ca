"""Run dbt for one build and keep what it did in ``ops.build_result``.

Two dbt calls a close: dbt spends 4 of 6 seconds on starting up, so a task a model would cost more than the models. A
call parses apart from the build's variables (``hearth.dbt_process``), for dbt keeps no parse of other variables.
Staging is a call of its own, for that is where a department can still be left out (``StagingFailed``).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from hearth import lineage
from hearth.database import Role, connect, password
from hearth.settings import PROJECT_ROOT, settings

PROJECT_DIR = PROJECT_ROOT / "dbt_project"
_SELECTED = {"staging": "tag:staging", "star": "tag:identity tag:marts"}
LAYERS = tuple(_SELECTED)
"""The steps of a build, in order. A build is built when the last one is."""
_SOURCES = ("*.sql", "*.yml", "*.csv", "*.md")
_READ = "manifest.of"
"""Beside the manifest: the fingerprint of the project that dbt read for it."""
_GOOD = frozenset({"success", "pass", "no-op"})
_AWAY = re.compile(
    r"server closed the connection|could not connect|connection to server .* failed|the database system is|"
    r"terminating connection|connection already closed|SSL connection has been closed",
    re.IGNORECASE,
)
_FULL = re.compile(r"No space left on device|could not extend file|could not write .* file|disk full", re.IGNORECASE)
_LOCKED = re.compile(r"canceling statement due to lock timeout", re.IGNORECASE)
PATIENCE = 60
"""Seconds that dbt waits for somebody else's lock on what it makes anew, as the gate does on what it judges."""
_HELD: ContextVar[int | None] = ContextVar("build that is alone", default=None)
PLANNING = "-c enable_nestloop=off"
"""A build joins tables on keys of several columns. The planner takes these for independent, expects one row, and walks
through two tables in a nested loop: 300 s for a join that a hash table makes in one."""
_log = structlog.get_logger()


class BuildFailed(RuntimeError):  # noqa: N818 - reads as a sentence where it is caught
    """dbt did not finish a layer. Names the layer and the first nodes that failed."""

    def __init__(self, message: str, statuses: Mapping[str, str] | None = None) -> None:
        """``statuses``: node id -> status of what failed, what was skipped because of it left out."""
        super().__init__(message)
        self.statuses = dict(statuses or {})


class StagingFailed(BuildFailed):
    """Staging failed, and only in feeds of ``departments``: without them the rest can close."""

    def __init__(self, failure: BuildFailed, departments: frozenset[str], broken: tuple[str, ...]) -> None:
        """``broken``: models that could not be made; those whose rows a test refused are not among them."""
        super().__init__(str(failure), failure.statuses)
        self.departments = departments
        self.broken = broken


class DiskFull(BuildFailed):
    """The database found no room: no fault of a department, and the same run succeeds once there is some."""


class DatabaseAway(RuntimeError):  # noqa: N818 - likewise
    """dbt lost the database on its way: the same run may succeed later."""


class TableLocked(DatabaseAway):
    """Somebody held a table that dbt makes anew: no fault of a department, and the same run succeeds after it."""


class DbtKilled(RuntimeError):  # noqa: N818 - likewise
    """The system ended dbt (a person, or memory that ran out): the same run may succeed later."""


@dataclass(frozen=True, slots=True)
class LayerResult:
    """What one dbt call did; seconds of wall time."""

    layer: str
    nodes: int
    seconds: float


def fingerprint() -> str:
    """sha256 over the dbt project's files, names and contents."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in _SOURCES for path in PROJECT_DIR.rglob(pattern)):
        name = path.relative_to(PROJECT_DIR).as_posix()
        if not name.startswith("target/"):
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def read_manifest() -> Mapping[str, Any] | None:
    """What dbt knew of the project at its last call here; None if there was none, or the project is another one now."""
    target = Path(environment()["DBT_TARGET_PATH"])
    mark = target / _READ
    if not mark.exists() or mark.read_text(encoding="utf-8") != fingerprint():
        return None
    found: Mapping[str, Any] = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    return found


def environment() -> dict[str, str]:
    """What profiles.yml reads, and where dbt may write."""
    config = settings()
    return {
        "HEARTH_PG_HOST": config.pg_host,
        "HEARTH_PG_PORT": str(config.pg_port),
        "HEARTH_PG_DATABASE": config.pg_database,
        "HEARTH_PG_BUILDER_USER": Role.BUILDER.value,
        "HEARTH_PG_BUILDER_PASSWORD": password(Role.BUILDER),
        "PGOPTIONS": f"-c lock_timeout={PATIENCE * 1000:.0f} {PLANNING}",
        "DBT_PROFILES_DIR": str(PROJECT_DIR),
        "DBT_PROJECT_DIR": str(PROJECT_DIR),
        "DBT_TARGET_PATH": str(config.home / "dbt" / "target"),
        "DBT_LOG_PATH": str(config.log_dir / "dbt"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_NO_VERSION_CHECK": "true",
    }


def _record(build_id: int, layer: str, results: list[dict[str, Any]]) -> None:
    rows = [
        (
            build_id,
            layer,
            result["unique_id"],
            result["status"],
            result["execution_time"],
            result.get("failures"),
            (result.get("message") or "")[:2000],
        )
        for result in results
    ]
    with connect(Role.BUILDER) as connection, connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into ops.build_result (build_id, layer, node_id, status, seconds, failures, message)
            values (%s, %s, %s, %s, %s, %s, %s)
            on conflict (build_id, node_id) do update set
                layer = excluded.layer, status = excluded.status, seconds = excluded.seconds,
                failures = excluded.failures, message = excluded.message
            """,
            rows,
        )


def _finished(program: Callable[[int], list[str]]) -> subprocess.CompletedProcess[str]:
    """Run dbt to its end. ``program`` makes the command from the reading end of a pipe: if this process is killed, dbt
    must not go on writing what the next build may be reading (``hearth.dbt_process``)."""
    watched, held = os.pipe()
    try:
        return subprocess.run(
            [sys.executable, *program(watched)],
            env={**os.environ, **environment()},
            cwd=PROJECT_DIR,
            check=False,
            capture_output=True,
            text=True,
            pass_fds=(watched,),
        )
    finally:
        os.close(watched)
        os.close(held)


def run_dbt(
    command: str, select: str, *, build_id: int, county_code: str, period: str, flags: tuple[str, ...] = ()
) -> LayerResult:
    """Run ``dbt <command> --select <select>`` for a build; return how many nodes ran and for how long.

    Raises BuildFailed when a node fails or errs, or when dbt selected nothing: an empty run is not a success; DiskFull
    when there was no room. Raises DatabaseAway when what failed is the connection, TableLocked when it met a lock,
    DbtKilled when somebody ended dbt.
    """
    with alone(build_id):
        return _run_dbt(command, select, build_id=build_id, county_code=county_code, period=period, flags=flags)


@contextmanager
def alone(build_id: int) -> Iterator[None]:
    """One build at a time: schema ``candidate``, the views of staging and dbt's target folder are there once.

    A task that Airflow took for dead and started anew may still run; the second waits here for the end of the first.
    The lock goes with the session, and dbt with the process that holds it. Who holds it may ask for it again.
    """
    if build_id <= 0 or _HELD.get() == build_id:
        yield
        return
    with connect(Role.BUILDER, autocommit=True) as holder:
        holder.execute("select pg_advisory_lock(hashtext('hearth.candidate'))")
        mark = _HELD.set(build_id)
        try:
            yield
        finally:
            _HELD.reset(mark)


def _run_dbt(
    command: str, select: str, *, build_id: int, county_code: str, period: str, flags: tuple[str, ...]
) -> LayerResult:
    names = select.split()
    shown = select if len(names) < 10 else f"{len(names)} nodes"
    variables = json.dumps({"build_id": build_id, "county_code": county_code, "period": period})
    target = Path(environment()["DBT_TARGET_PATH"])
    results_file = target / "run_results.json"
    results_file.unlink(missing_ok=True)
    (target / _READ).unlink(missing_ok=True)
    read = fingerprint()
    arguments = [command, "--select", *names, "--vars", variables, *flags]
    common = ["--no-use-colors", "--log-format-file", "json"]

    def program(caller: int) -> list[str]:
        # Variables of the caller's own may change what is parsed; those of a build do not.
        if "--vars" in flags:
            return ["-m", "dbt.cli.main", *common, *arguments]
        return ["-m", "hearth.dbt_process", str(caller), *common, "--", *arguments]

    finished = _finished(program)
    if finished.returncode < 0:
        raise DbtKilled(f"dbt {command} [{shown}] was ended by signal {-finished.returncode}; it can be run again")
    if not results_file.exists():
        said = f"{finished.stdout[-4000:]}{finished.stderr[-4000:]}"
        problem = DatabaseAway if _AWAY.search(said) else BuildFailed
        raise problem(f"dbt {command} [{shown}] did not run:\n{said}")
    (target / _READ).write_text(read, encoding="utf-8")
    outcome = json.loads(results_file.read_text(encoding="utf-8"))
    results: list[dict[str, Any]] = outcome["results"]
    failed = [result for result in results if result["status"] not in _GOOD and result["status"] != "warn"]
    if any(_AWAY.search(result.get("message") or "") for result in failed):
        raise DatabaseAway(f"dbt {command} [{shown}] lost the database; it can be run again")
    if any(_LOCKED.search(result.get("message") or "") for result in failed):
        raise TableLocked(
            f"dbt {command} [{shown}] waited {PATIENCE:g} s for a lock that somebody else holds; see who in "
            "pg_stat_activity, and run it again"
        )
    if build_id > 0:
        _record(build_id, shown, results)
        lineage.emit_dbt(PROJECT_DIR, command, environment())
    if any(_FULL.search(result.get("message") or "") for result in failed):
        raise DiskFull(f"dbt {command} [{shown}] found the database's disk full; free space on it, then run this again")
    if failed or finished.returncode != 0 or not results:
        told = "\n".join(f"[{node['unique_id']}] {node['status']}: {node.get('message')}" for node in failed[:10])
        raise BuildFailed(
            f"dbt {command} [{shown}] failed ({len(failed)} of {len(results)} nodes):\n{told}",
            {node["unique_id"]: node["status"] for node in failed if node["status"] != "skipped"},
        )
    seconds = float(outcome["elapsed_time"])
    _log.info("dbt finished", command=command, select=shown, nodes=len(results), seconds=round(seconds, 1))
    return LayerResult(shown, len(results), seconds)


def build_layer(
    layer: str,
    *,
    build_id: int,
    county_code: str,
    period: str,
    without: tuple[str, ...] = (),
    only: tuple[str, ...] | None = None,
) -> LayerResult:
    """Build and test one of LAYERS, and keep in ``ops.build`` whether the build is built or failed.

    ``without`` names models that are not made again: what is there of them stays. ``only`` names the nodes that are
    run instead of the whole layer, tests among them. Raises ValueError for a layer that is none, BuildFailed as run_dbt
    does, StagingFailed where departments can be left out.
    """
    if layer not in LAYERS:
        raise ValueError(f"[{layer}] is no layer; layers are {list(LAYERS)}")
    flags = ("--exclude", *without) if without else ()
    select = _SELECTED[layer]
    if only is not None:
        select, flags = " ".join(only), (*flags, "--indirect-selection", "empty")
    try:
        result = run_dbt("build", select, build_id=build_id, county_code=county_code, period=period, flags=flags)
    except BuildFailed as failure:
        _set_state(build_id, "failed")
        if not isinstance(failure, DiskFull) and (departments := _departments(failure)):
            broken = tuple(node.split(".")[-1] for node in failure.statuses if node.startswith("model."))
            raise StagingFailed(failure, departments, broken) from None
        raise
    if layer == LAYERS[-1]:
        _set_state(build_id, "built")
    return result


def _departments(failure: BuildFailed) -> frozenset[str]:
    """Departments whose staging failed; none if anything else failed, too."""
    manifest = json.loads((Path(environment()["DBT_TARGET_PATH"]) / "manifest.json").read_text(encoding="utf-8"))
    with connect(Role.BUILDER) as connection:
        known = {row[0] for row in connection.execute("select distinct department from reference.feed").fetchall()}
    found = set()
    for unique_id in failure.statuses:
        node = manifest["nodes"][unique_id]
        owner = manifest["nodes"].get(node.get("attached_node") or "", node)
        place = owner["fqn"]  # hearth, staging, <department>, model
        found.add(place[2] if place[1] == "staging" else "")
    return frozenset(found) if found <= known else frozenset()


def _set_state(build_id: int, state: str) -> None:
    with connect(Role.BUILDER) as connection:
        connection.execute(
            "update ops.build set state = %s, finished_at = now() where build_id = %s", [state, build_id]
        )
