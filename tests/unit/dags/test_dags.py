"""What every DAG must be, whatever it does."""

import ast
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from hearth.settings import PROJECT_ROOT
from ingestion.contract import departments

DAG_FILES = sorted(
    path for path in (PROJECT_ROOT / "dags").glob("*.py") if path.name not in ("__init__.py", "common.py")
)


@pytest.fixture(scope="module")
def dags(hearth_home: Path) -> Mapping[str, object]:
    from hearth.services.airflow import use_environment

    use_environment()
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(PROJECT_ROOT / "dags"))
    assert bag.import_errors == {}
    return dict(bag.dags)


def test_every_department_has_its_intake_and_there_is_one_for_the_rest(dags: Mapping[str, object]) -> None:
    expected = {f"intake__{name}" for name in (*departments(), "unassigned")} | {
        "close",
        "cutoff",
        "reminders",
        "waive",
    }
    assert set(dags) == expected


def test_each_intake_looks_into_its_own_folder(dags: Mapping[str, object]) -> None:
    """Tasks made in a loop close over the loop variable unless each DAG is made by a call."""
    seen = set()
    for name in departments():
        discover = dags[f"intake__{name}"].get_task("discover")  # type: ignore[attr-defined]  # DAGs come untyped
        cells = {cell.cell_contents for cell in discover.python_callable.__closure__}
        assert cells == {name}
        seen |= cells
    assert seen == set(departments())


@pytest.mark.parametrize("quality", ["owner", "tier", "doc", "timeout", "retries"])
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
                case "timeout" if where == "waive.approve":
                    assert task.execution_timeout is None, "a person may take days"
                case "timeout":
                    assert timedelta() < task.execution_timeout <= timedelta(hours=1), where
                case "retries":
                    assert task.retries == (0 if where == "close.gate" else 6), where


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.name)
def test_a_dag_file_only_wires(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 120
    assert "airflow" in text
    assert "dag" in text
    calls = {
        node.func.id
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not calls & {"open", "connect", "eval", "exec", "print"}


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.name)
def test_importing_a_dag_file_loads_no_heavy_library_and_opens_no_connection(path: Path, hearth_home: Path) -> None:
    code = (
        "import sys, socket\n"
        "def refuse(*a, **k): raise AssertionError('a connection at import')\n"
        "socket.socket.connect = refuse\n"
        f"import importlib; importlib.import_module('dags.{path.stem}')\n"
        "heavy = ('great_expectations', 'dbt', 'pandas', 'duckdb', 'openpyxl', 'pyarrow')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.strip().splitlines()[-1] == "[]"
