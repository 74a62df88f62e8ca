"""Bring the embedded services up in the right order, and say where to look."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import entry_points
from typing import cast

import httpx
import psycopg
from psycopg import sql
from rich.console import Console
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from hearth.database import Role, password, url
from hearth.migrate import migrate
from hearth.secrets import secret
from hearth.services import airflow, postgres, supervisor
from hearth.settings import settings


class NotHealthy(RuntimeError):  # noqa: N818 - reads as a sentence where it is caught
    """Airflow does not (yet) answer as a whole."""


def _ensure_airflow_database() -> None:
    name = airflow.METADATA_DATABASE
    with psycopg.connect(url(Role.OWNER, database="postgres"), autocommit=True) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone()
        if found is None:
            connection.execute(
                sql.SQL("create database {} owner {}").format(sql.Identifier(name), sql.Identifier(Role.AIRFLOW.value))
            )


def _migrate_airflow() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "hearth.services.airflow_database"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **airflow.environment()},
    )
    if finished.returncode != 0:
        raise RuntimeError(f"Airflow's database was not made: {finished.stderr[-2000:]}")


def _deploy_rooms() -> None:
    """Let the rooms set up what lives beyond one transaction: published tables, shared views."""
    for hook in sorted(entry_points(group="hearth.deployments"), key=lambda entry: entry.name):
        cast("Callable[[], None]", hook.load())()


@retry(
    retry=retry_if_exception_type((NotHealthy, httpx.HTTPError)),
    stop=stop_after_delay(180),
    wait=wait_fixed(1),
    reraise=True,
)
def _wait_airflow() -> None:
    health = httpx.get(f"{airflow.api_url()}/api/v2/monitor/health", timeout=5).raise_for_status().json()
    sick = [name for name in ("scheduler", "dag_processor", "triggerer") if health[name]["status"] != "healthy"]
    if sick:
        raise NotHealthy(f"Airflow's {', '.join(sick)} not healthy yet")


def prepare(*, with_airflow: bool = True) -> None:
    """Bring a database that answers to the present shape: the warehouse, and Airflow's own unless that runs already."""
    postgres.wait_ready()
    postgres.ensure_databases()
    migrate()
    _ensure_airflow_database()
    airflow.write_passwords()
    # Two processes that wait for themselves most of the time: together they cost what the slower one costs.
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(_deploy_rooms)]
        if with_airflow:
            waiting.append(pool.submit(_migrate_airflow))
        for task in waiting:
            task.result()


def up(console: Console) -> None:
    """Start what is not running. Safe to call again; returns when everything answers."""
    config = settings()
    airflow.use_environment()
    with console.status("starting"):
        if config.pg_embedded:
            postgres.initialise()
        airflow_was_up = supervisor.states().get("scheduler", "").startswith("RUNNING")
        supervisor.start_supervisor()
        if config.pg_embedded:
            supervisor.start("postgres")
        prepare(with_airflow=not airflow_was_up)
        console.print(f"warehouse    up to date on {config.pg_host}:{config.pg_port}")
        for name in supervisor.AIRFLOW_PROGRAMS:
            supervisor.start(name)
        _wait_airflow()
        console.print(f"Airflow      ready on {airflow.api_url()}")


def where_to_look(console: Console) -> None:
    """Print addresses and logins of this installation."""
    config = settings()
    secret("airflow_admin", length=12)
    console.print(f"\nAirflow      {airflow.api_url()}   login {airflow.ADMIN} / {airflow.admin_password()}")
    psql = postgres.program("psql") if config.pg_embedded else "psql"
    console.print(
        f"Reader       PGPASSWORD={password(Role.READER)} {psql} -h {config.pg_host} -p {config.pg_port} "
        f"-U {Role.READER.value} -d {config.pg_database}",
        soft_wrap=True,
    )
    console.print(f"Receipts     {config.bucket}/outbox")
