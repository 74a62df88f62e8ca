"""Bring Airflow's own database to the present shape: its tables and its pools. Run as a process, see `stack`."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta

from hearth.services import airflow
from hearth.settings import settings

_REFUSES = ("AIRFLOW__CORE__SQL_ALCHEMY_CONN", "_AIRFLOW_PROCESS_CONTEXT")


def pools() -> dict[str, tuple[int, str]]:
    """Pool -> slots and what they are for. A task names the pool whose share of PostgreSQL it takes."""
    return {
        "intake": (settings().intake_slots, "files checked and loaded at once, over all departments"),
        "build": (1, "one build, verdict or switch at a time: they share the schema candidate"),
    }


def clean() -> None:
    """Delete what Airflow knows of runs older than the setting says. Raises RuntimeError with Airflow's own words.

    A process of its own, with the database's address: a task is not given it, and what Airflow sets to refuse it is
    taken out of the environment.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in _REFUSES}
    before = datetime.now(settings().zone) - timedelta(days=settings().airflow_keep_days)
    words = ["db", "clean", "--clean-before-timestamp", before.isoformat(), "--skip-archive", "--yes"]
    finished = subprocess.run(
        [sys.executable, "-m", "airflow", *words],
        check=False,
        capture_output=True,
        text=True,
        env={**inherited, **airflow.environment()},
    )
    if finished.returncode != 0:
        raise RuntimeError(f"airflow db clean failed: {finished.stderr[-2000:]}")


def main() -> None:
    """Migrate, then write the pools. One process for both: Airflow takes seconds to start."""
    from airflow.cli import cli_parser
    from airflow.models.pool import Pool

    arguments = cli_parser.get_parser().parse_args(["db", "migrate"])
    arguments.func(arguments)
    for name, (slots, description) in pools().items():
        Pool.create_or_update_pool(name=name, slots=slots, description=description, include_deferred=False)


if __name__ == "__main__":
    main()
