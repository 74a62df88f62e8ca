"""What every DAG must be, whatever it does."""

import ast
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from hearth.services.airflow_database import pools
from hearth.services.asset_graph import awaited
from hearth.settings import PROJECT_ROOT, settings
from ingestion.contract import departments

DAG_FILES = sorted(
    path for path in (PROJECT_ROOT / "dags").glob("*.py") if path.name not in ("__init__.py", "common.py")
)


VERDICTS = {
    "close.gate": "Blocked",
    "housekeeping.check_disk": "DiskNearlyFull",
    "housekeeping.drill": "BackupError",
}
"""What gives the same answer for the same input: trying again only hides it. A kill is no answer, it is tried again."""


@pytest.fixture(scope="module")
def dags(hearth_home: Path) -> Mapping[str, object]:
    from hearth.services.airflow import use_environment

    use_environment()
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(PROJECT_ROOT / "dags"))
    assert bag.import_errors == {}
    return dict(bag.dags)


def test_every_department_has_its_intake_and_there_is_one_for_the_rest(dags: Mapping[str, object]) -> None:
    expected = {f"intake__{name}" for name in (*departments(), "unassigned")}
    assert {name for name in dags if name.startswith("intake__")} == expected
    assert {name for name in dags if not name.startswith("intake__")} == {path.stem for path in DAG_FILES} - {"intake"}


def test_each_intake_looks_into_its_own_folder(dags: Mapping[str, object]) -> None:
    """Tasks made in a loop close over the loop variable unless each DAG is made by a call."""
    seen = set()
    for name in departments():
        discover = dags[f"intake__{name}"].get_task("discover")  # type: ignore[attr-defined]  # DAGs come untyped
        cells = {cell.cell_contents for cell in discover.python_callable.__closure__}
        assert cells == {name}
        seen |= cells
    assert seen == set(departments())


@pytest.mark.parametrize("quality", ["owner", "tier", "doc", "next step", "timeout", "retries", "pool", "alarm"])
def test_every_task_is_answered_for(dags: Mapping[str, object], quality: str) -> None:
    for dag in dags.values():
        for task in dag.tasks:  # type: ignore[attr-defined]  # likewise
            where = f"{task.dag_id}.{task.task_id}"
            match quality:
                case "owner":
                    assert task.owner not in ("", "airflow"), where
                case "tier":
                    assert any(tag.startswith("tier:") for tag in task.dag.tags), where
                case "doc":
                    assert "When it is red" in (task.dag.doc_md or ""), where
                    assert re.search("[*](clear|trigger)[*]|hearth waive", task.dag.doc_md, re.IGNORECASE), where
                case "next step":
                    assert task.doc_md, where
                case "pool":
                    assert task.pool in {*pools(), "default_pool"}, where
                    works = (
                        where.split(".")[1] in ("take", "gate", "publish", "pack", "back_up", "drill")
                        or "build_" in where
                    )
                    assert (task.pool != "default_pool") or not works, f"[{where}] works on PostgreSQL without a pool"
                case "alarm":
                    told = task.on_failure_callback  # a mapped task keeps it bare
                    assert [found.__name__ for found in ([told] if callable(told) else told)] == ["tell_failure"], where
                case "timeout" if where == "waive.approve":
                    assert task.execution_timeout is None, "a person may take days"
                case "timeout":
                    assert timedelta() < task.execution_timeout <= timedelta(hours=1), where
                case "retries":
                    assert task.retries == 6, where
                    assert task.retry_exponential_backoff, where
                    assert task.retry_delay < task.max_retry_delay <= timedelta(minutes=5), where


@pytest.mark.parametrize(("where", "verdict"), VERDICTS.items())
def test_a_verdict_is_not_asked_for_again(dags: Mapping[str, object], where: str, verdict: str) -> None:
    dag_id, task_id = where.split(".")
    source = inspect.getsource(dags[dag_id].get_task(task_id).python_callable)  # type: ignore[attr-defined]  # likewise
    assert re.search(rf"except {verdict} as \w+:.*\n +raise AirflowFailException", source), where


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.name)
def test_a_dag_file_only_wires(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 160
    assert "airflow" in text
    assert "dag" in text
    calls = {
        node.func.id
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not calls & {"open", "connect", "eval", "exec", "print"}


_TAKES_OVER = frozenset({"all_success", "none_failed", "none_failed_min_one_success"})
"""Trigger rules under which the failure of one above is a failure here."""


def test_no_failure_is_hidden_by_a_task_that_runs_whatever_happened(dags: Mapping[str, object]) -> None:
    """Airflow judges a run by its leaves: from every task a way of failures must lead to one."""
    for dag in dags.values():
        for task in dag.tasks:  # type: ignore[attr-defined]  # likewise
            failed, waiting = {task.task_id}, [task]
            while waiting:
                for below in waiting.pop().downstream_list:
                    if below.task_id not in failed and below.trigger_rule in _TAKES_OVER:
                        failed.add(below.task_id)
                        waiting.append(below)
            leaves = {leaf.task_id for leaf in dag.leaves}  # type: ignore[attr-defined]  # likewise
            assert failed & leaves, f"[{task.dag_id}.{task.task_id}] can fail in a run that is called a success"


def _makers(dags: Mapping[str, object], asset: str) -> set[str]:
    return {
        f"{task.dag_id}.{task.task_id}"
        for dag in dags.values()
        for task in dag.tasks  # type: ignore[attr-defined]  # likewise
        if asset in {outlet.name for outlet in task.outlets}
    }


def test_assets_are_the_picture_of_the_system(dags: Mapping[str, object]) -> None:
    for name in departments():
        assert _makers(dags, f"raw.{name}") == {f"intake__{name}.loaded"}
    assert _makers(dags, "marts") == _makers(dags, "shared") == {"close.publish"}
    assert _makers(dags, "month_ready") == {
        *(f"intake__{name}.announce" for name in (*departments(), "unassigned")),
        "backfill.wake",
        "close.wake_next",
        "cutoff.cut_off",
        "waive.grant",
    }
    read = {inlet.name for inlet in dags["close"].get_task("publish").inlets}  # type: ignore[attr-defined]  # likewise
    assert read == {"month_ready", *(f"raw.{name}" for name in departments())}


def test_whoever_waits_for_an_asset_waits_for_one_that_somebody_makes(dags: Mapping[str, object]) -> None:
    waits = {dag_id: set(awaited(dag)) for dag_id, dag in dags.items()}
    assert waits["close"] == {"month_ready"}
    assert waits["waive"] == {"waiver_wanted"}
    assert waits["scorecards"] == {"shared"}
    for dag_id, names in waits.items():
        for name in names:
            assert _makers(dags, name), f"[{dag_id}] waits for [{name}], which nobody makes"


def test_one_backfill_command_makes_one_run_a_month(dags: Mapping[str, object]) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    timetable = DagSerialization.from_dict(DagSerialization.to_dict(dags["backfill"])).timetable
    start, end = datetime(2024, 11, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
    keys = [str(run.partition_key) for run in timetable.iter_partition_dagrun_infos(earliest=start, latest=end)]
    assert len(keys) == 24
    assert (keys[0], keys[-1]) == ("2024-11", "2026-10")
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("partition", "conf", "served"),
    [
        ("2026-10", {}, "530524"),
        ("530599:2026-10", {}, "530599"),
        (None, {"county": "530599", "period": "2026-10"}, "530599"),
        (None, {}, "530524"),
    ],
)
def test_a_task_serves_the_county_of_its_run(
    monkeypatch: pytest.MonkeyPatch, partition: str | None, conf: dict[str, str], served: str
) -> None:
    monkeypatch.setenv("HEARTH_COUNTY_CODES", "530524,530599")
    monkeypatch.setenv("HEARTH_COUNTY_CODE", "530524")
    settings.cache_clear()
    from dags.common import mine, period_of, serve_county
    from dags.intake import intake_dag

    run = SimpleNamespace(partition_key=partition, conf=conf)
    context = {"dag_run": run, "params": conf}
    try:
        serve_county(context)
        assert settings().county_code == served
        assert period_of(context) in ("2026-10", None)  # type: ignore[arg-type]  # as much of a context as is read
        assert mine("2026-10") == (["2026-10"] if served == "530524" else ["530599:2026-10"])
        of_second = intake_dag("water", "530599")
        assert of_second.dag_id == "intake__530599__water"
        serve_county({"dag_run": SimpleNamespace(partition_key=None, conf={}), "params": of_second.params.dump()})
        assert settings().county_code == "530599"
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_every_task_asks_whom_it_serves(dags: Mapping[str, object]) -> None:
    for dag in dags.values():
        for task in dag.tasks:  # type: ignore[attr-defined]  # likewise
            hook = task.partial_kwargs.get("pre_execute") if task.is_mapped else task._pre_execute_hook
            assert hook.__name__ == "serve_county", f"{task.dag_id}.{task.task_id}"


IMPORT = """
import importlib, json, os, socket, sys, time
def refuse(*a, **k): raise AssertionError('a connection at import')
for name in ('connect', 'connect_ex', 'bind', 'sendto'):
    setattr(socket.socket, name, refuse)
socket.getaddrinfo = socket.create_connection = refuse
began = time.process_time()
import airflow.sdk
airflow_cpu = time.process_time() - began
heavy = ('great_expectations', 'dbt', 'pandas', 'duckdb', 'openpyxl', 'pyarrow', 'apprise')
for name in sys.argv[1:]:  # a child each: none profits from what another has imported
    sys.stdout.flush()
    if (child := os.fork()) == 0:
        began = time.process_time()
        importlib.import_module('dags.' + name)
        cpu = time.process_time() - began
        print(json.dumps({'file': name, 'ratio': cpu / airflow_cpu, 'heavy': [m for m in heavy if m in sys.modules]}))
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, name
"""


def test_importing_a_dag_file_is_quick_and_touches_neither_network_nor_database(hearth_home: Path) -> None:
    """Quick: Airflow's own import takes 1.5 s of CPU where this was written, so less than that again is under 2 s."""
    names = [path.stem for path in DAG_FILES]
    finished = subprocess.run([sys.executable, "-c", IMPORT, *names], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    found = [json.loads(line) for line in finished.stdout.splitlines() if line.startswith("{")]
    assert [entry["file"] for entry in found] == names
    assert [entry["heavy"] for entry in found] == [[]] * len(names)
    assert max(entry["ratio"] for entry in found) < 1, found


def test_every_default_of_a_question_holds_before_anybody_is_asked(dags: Mapping[str, object]) -> None:
    """Airflow validates a task's params when it starts: a default that breaks its own rule fails the task unasked."""
    for dag in dags.values():
        for task in dag.tasks:  # type: ignore[attr-defined]  # likewise
            for name in task.params:
                task.params.get_param(name).resolve()
