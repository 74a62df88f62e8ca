"""The command line: the same words as the Makefile, and whatever the rooms add to it."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import psycopg
import structlog
import typer
from rich.console import Console
from rich.table import Table

from hearth.settings import PROJECT_ROOT, settings

app = typer.Typer(
    help="Hearth: one household, one truth, every month.", no_args_is_help=True, pretty_exceptions_enable=False
)
console = Console(markup=False)  # values stand in [brackets]


@app.command()
def up() -> None:
    """Start the database and Airflow, bring the warehouse to the present shape, and wait until they answer."""
    from hearth.services import stack

    stack.up(console)
    stack.where_to_look(console)


@app.command()
def down() -> None:
    """Stop everything that `up` started. No data is lost."""
    from hearth.services import supervisor

    console.print("stopped" if supervisor.stop_all() else "nothing was running")


@app.command()
def status() -> None:
    """Say what runs, and where to look. Exit code 1 unless all of it runs."""
    from hearth.services import stack, supervisor

    table = Table("service", "state")
    states = supervisor.states()
    for name, state in states.items():
        table.add_row(name, state)
    console.print(table if states else "nothing runs; start it with: hearth up")
    if not states or any(not state.startswith("RUNNING") for state in states.values()):
        raise typer.Exit(1)
    stack.where_to_look(console)


@app.command()
def clean(*, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Stop everything and delete the data folder: database, bucket, secrets, logs."""
    from hearth.services import postgres, supervisor

    home = settings().home
    if not yes:
        typer.confirm(f"Delete [{home}] with every publication in it?", abort=True)
    supervisor.stop_all()
    data = postgres.data_dir() if settings().pg_embedded else home
    for folder in (data, home):
        if folder.exists():
            shutil.rmtree(folder)
    console.print(f"deleted [{home}]")


@app.command()
def migrate() -> None:
    """Bring roles, schemas and tables of a running database to the present shape."""
    from hearth.migrate import migrate as run

    run()
    console.print("the warehouse is up to date")


@app.command()
def backup(
    *,
    keep: Annotated[int | None, typer.Option(min=1, help="How many to keep, this one included.")] = None,
    is_drill: Annotated[bool, typer.Option("--drill", help="Make none: restore the newest aside and compare.")] = False,
) -> None:
    """Back the database up, or prove that the newest backup can be gone back to. Secrets and bucket are kept apart."""
    from hearth import backup as backups

    if is_drill:
        console.print(f"{backups.drill()} tables are what they were")
        return
    console.print(f"backed up into [{backups.make(keep)}]")


@app.command()
def restore(folder: Annotated[Path, typer.Argument(help="A folder that `hearth backup` made.")]) -> None:
    """Bring a backup back into a server without a warehouse; then: hearth up."""
    from hearth import backup as backups

    backups.restore(folder)
    console.print("restored; go on with: hearth up")


@app.command()
def demo(
    *,
    households: Annotated[int, typer.Option(help="Register households of the sample county.")] = 3200,
    seed: Annotated[int, typer.Option(help="Same seed, same county.")] = 7,
) -> None:
    """Start everything, let a sample county report two months, and show what became of them."""
    from hearth.demo import run

    run(console, households=households, seed=seed)


def _tool(*command: str) -> int:
    return subprocess.run([sys.executable, "-m", *command], cwd=PROJECT_ROOT, check=False).returncode


@app.command()
def test() -> None:
    """Run every test, on all cores. Needs the development packages (make test installs them)."""
    # A file stays on one process, for its fixtures; the files come in the order of testpaths, the longest first.
    order = ("--numprocesses", "logical", "--dist", "loadfile", "--no-loadscope-reorder")
    raise typer.Exit(_tool("pytest", *order, "--durations", "40", "--durations-min", "5"))


@app.command()
def lint() -> None:
    """Check style and types of everything; changes nothing."""
    checks = [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("yamllint", "--strict", "."),
        ("sqlfluff", "lint", "--disable-progress-bar", "--processes", "0", "dbt_project/models", "dbt_project/tests"),
        ("hearth", "contracts", "check"),
    ]
    failed = []
    for check in checks:
        console.rule(" ".join(check))
        if _tool(*check):
            failed.append(check[0])
    if failed:
        console.print(f"failed: {', '.join(failed)}")
        raise typer.Exit(1)


@app.command()
def bench() -> None:
    """Measure speed, as ratios against a bound measured in the same run."""
    raise typer.Exit(_tool("pytest", "tests/benchmarks", "-q", "--timeout", "3600"))


def _add_rooms() -> None:
    for entry in sorted(entry_points(group="hearth.commands"), key=lambda found: found.name):
        app.add_typer(entry.load())


def main() -> None:
    """Entry point of the `hearth` command."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings().log_level)))
    _add_rooms()
    try:
        app()
    except psycopg.OperationalError as problem:
        if problem.sqlstate is not None:
            raise
        config = settings()
        console.print(f"the database on [{config.pg_host}:{config.pg_port}] does not answer; start it with: hearth up")
        sys.exit(1)


if __name__ == "__main__":
    main()
