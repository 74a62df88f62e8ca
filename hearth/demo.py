"""The demo: a sample county reports two months, the real scheduler does the rest, a table says what came of it."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import datetime
from typing import Any

import httpx
from rich.console import Console
from rich.live import Live
from rich.table import Table
from tenacity import retry, retry_if_exception, retry_if_result, stop_after_delay, wait_fixed

from hearth.database import Role, connect
from hearth.period import Period, last_complete_period
from hearth.services import airflow, stack
from hearth.settings import settings

_PATIENCE_SECONDS = 900  # a month on two slow cores; then the demo says what it was waiting for
_DONE = frozenset({"success", "failed"})


def _is_away(problem: BaseException) -> bool:
    """Airflow does not answer, or says that something behind it does not."""
    if isinstance(problem, httpx.HTTPStatusError):
        return problem.response.is_server_error
    return isinstance(problem, httpx.TransportError)


_when_away = retry(retry=retry_if_exception(_is_away), stop=stop_after_delay(120), wait=wait_fixed(1), reraise=True)


class DemoFailed(RuntimeError):  # noqa: N818 - reads as a sentence on the terminal
    """A month was not published. Says which step stopped and where its log is."""


class Airflow:
    """The few calls of Airflow's REST API that the demo and the tests need."""

    def __init__(self) -> None:
        login = {"username": airflow.ADMIN, "password": airflow.admin_password()}
        token = httpx.post(f"{airflow.api_url()}/auth/token", json=login, timeout=30).raise_for_status().json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        self._client = httpx.Client(base_url=f"{airflow.api_url()}/api/v2", headers=headers, timeout=30)

    @retry(retry=retry_if_result(lambda found: not found), stop=stop_after_delay(120), wait=wait_fixed(1))
    def intake_dags(self) -> list[str]:
        """Ids of the intake DAGs; waits until the dag-processor has found them and the close."""
        dags = self._client.get("/dags", params={"limit": 500}).raise_for_status().json()["dags"]
        found = {dag["dag_id"] for dag in dags}
        return sorted(name for name in found if name.startswith("intake__")) if "close" in found else []

    @_when_away
    def trigger(self, dag_id: str, conf: dict[str, object] | None = None) -> str:
        """Start a run of ``dag_id``; return its run id."""
        body = {"logical_date": None, "conf": conf or {}}
        answer = self._client.post(f"/dags/{dag_id}/dagRuns", json=body).raise_for_status()
        return str(answer.json()["dag_run_id"])

    @_when_away
    def run_states(self, dag_id: str, since: datetime) -> dict[str, str]:
        """Run id -> state, of the runs queued since then."""
        answer = self._client.get(
            f"/dags/{dag_id}/dagRuns", params={"limit": 100, "run_after_gte": since.isoformat()}
        ).raise_for_status()
        return {run["dag_run_id"]: run["state"] for run in answer.json()["dag_runs"]}

    @_when_away
    def partition_states(self, dag_id: str) -> dict[str, str]:
        """Partition key -> state of its newest run."""
        answer = self._client.get(f"/dags/{dag_id}/dagRuns", params={"limit": 100, "order_by": "run_after"})
        runs = answer.raise_for_status().json()["dag_runs"]
        return {run["partition_key"]: run["state"] for run in runs if run["partition_key"]}

    @_when_away
    def task_states(self, dag_id: str, run_id: str) -> dict[str, str]:
        answer = self._client.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances").raise_for_status()
        return {task["task_id"]: task["state"] or "waiting" for task in answer.json()["task_instances"]}

    @_when_away
    def required_actions(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """What a run asks of a person and nobody has answered: body, params and more, as Airflow's page shows them."""
        answer = self._client.get(
            f"/dags/{dag_id}/dagRuns/{run_id}/hitlDetails", params={"response_received": False}
        ).raise_for_status()
        actions: list[dict[str, Any]] = answer.json()["hitl_details"]
        return actions

    @_when_away
    def answer(self, dag_id: str, run_id: str, task_id: str, given: dict[str, object], *, options: list[str]) -> None:
        """Answer a required action as the person at Airflow's page does."""
        self._client.patch(
            f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails",
            json={"chosen_options": options, "params_input": given},
        ).raise_for_status()

    @_when_away
    def asset_events(self) -> list[dict[str, str | None]]:
        """The newest events of assets: source_dag_id, source_task_id, partition_key."""
        answer = self._client.get("/assets/events", params={"limit": 100, "order_by": "-timestamp"}).raise_for_status()
        events: list[dict[str, str | None]] = answer.json()["asset_events"]
        return events


def _sample(periods: tuple[Period, ...], households: int, seed: int) -> None:
    names = ",".join(map(str, periods))
    arguments = ["sample", "--periods", names, "--households", str(households), "--seed", str(seed)]
    subprocess.run([sys.executable, "-m", "hearth", *arguments], check=True, stdout=subprocess.DEVNULL)


def _live_publications() -> set[str]:
    with connect(Role.PUBLISHER) as connection:
        rows = connection.execute("select period from ops.publication where state = 'live'").fetchall()
    return {period for (period,) in rows}


def _progress(runs: dict[str, str], close: dict[str, str], period: Period, seconds: float) -> Table:
    table = Table(title=f"{period}   {seconds:.0f} s", show_header=False)
    for dag_id, state in runs.items():
        table.add_row(dag_id, state)
    for task_id, state in close.items():
        table.add_row(f"close.{task_id}", state)
    return table


def _close_month(console: Console, api: Airflow, period: Period) -> None:
    """Trigger every intake and follow the month to its publication."""
    since = datetime.now(settings().zone)
    published_before = str(period) in _live_publications()
    runs = {dag_id: api.trigger(dag_id) for dag_id in api.intake_dags()}
    started = time.monotonic()
    with Live(console=console, refresh_per_second=2) as live:
        while True:
            seconds = time.monotonic() - started
            states = {dag_id: api.run_states(dag_id, since).get(run_id, "queued") for dag_id, run_id in runs.items()}
            closes = api.run_states("close", since)
            latest = max(closes, default=None, key=lambda run: (closes[run] == "running", run))
            tasks = api.task_states("close", latest) if latest else {}
            live.update(_progress(states, tasks, period, seconds))
            failed = [name for name, state in [*states.items(), *closes.items()] if state == "failed"]
            if failed:
                raise DemoFailed(f"failed: {', '.join(failed)}; logs: [{settings().log_dir / 'airflow'}]")
            answered = all(state in _DONE for state in states.values())
            if answered and (published_before or str(period) in _live_publications()):
                return
            if seconds > _PATIENCE_SECONDS:
                raise DemoFailed(f"[{period}] is not published after {_PATIENCE_SECONDS} s: {states} {tasks}")
            time.sleep(1)


def _closing_tables(console: Console) -> None:
    with connect(Role.PUBLISHER) as connection:
        submissions = connection.execute(
            """
            select coalesce(department, '(none)'), coalesce(period, '-'), count(*),
                count(*) filter (where state = 'rejected'),
                sum(rows_received), sum(rows_accepted), sum(rows_rejected)
            from ops.submission
            group by 1, 2
            order by 2, 1
            """
        ).fetchall()
        months = connection.execute(
            """
            select p.period, p.publication_id, p.household_count, d.verdict, d.expectations_run
            from ops.publication as p
            join ops.gate_decision as d using (build_id)
            where p.state = 'live'
            order by p.period
            """
        ).fetchall()
    table = Table("department", "month", "files", "refused", "rows", "accepted", "rejected")
    for row in submissions:
        table.add_row(*map(str, row))
    console.print(table)
    table = Table("month", "publication", "households", "gate", "expectations")
    for row in months:
        table.add_row(*map(str, row))
    console.print(table)


def run(console: Console, *, households: int, seed: int) -> None:
    """Start everything, send two months, wait for both publications, print the closing tables."""
    started = time.monotonic()
    stack.up(console)
    newest = last_complete_period(datetime.now(settings().zone).date())
    api = Airflow()
    for period in (newest.shift(-1), newest):
        console.print(f"\n{period}: seven departments send their files")
        _sample((period,), households, seed)
        _close_month(console, api, period)
    _closing_tables(console)
    stack.where_to_look(console)
    console.print(f"\nStop it with: make down   ({time.monotonic() - started:.0f} s)")
