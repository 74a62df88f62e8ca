"""`hearth access …`: the rights of readers."""

from __future__ import annotations

import typer

from publishing.access.apply import Difference, apply, difference
from publishing.access.facts import AccessError
from publishing.access.outgoing import scan_outgoing
from publishing.tables import PublicationError

app = typer.Typer(no_args_is_help=True, help="Who may read what: the data files and the database.")


@app.callback()
def access() -> None:
    """Who may read what: the data files and the database."""


def _say(found: Difference, missing: str, surplus: str) -> None:
    for word, facts in ((missing, found.missing), (surplus, found.surplus)):
        for fact in sorted(facts):
            typer.echo(f"{word} {fact}")


def _refuse(error: Exception) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(2)


@app.command("diff")
def diff() -> None:
    """Say where the database differs from the data files. Exit code 1 if it does."""
    try:
        found = difference()
    except AccessError as error:
        raise _refuse(error) from error
    _say(found, "missing", "surplus")
    if found:
        raise typer.Exit(1)
    typer.echo("the database agrees with the access files")


@app.command("apply")
def bring_about() -> None:
    """Grant what the data files say and take away everything else that a reader has."""
    try:
        found = apply()
    except (AccessError, PublicationError) as error:
        raise _refuse(error) from error
    _say(found, "granted", "taken away")
    typer.echo("the database agrees with the access files")


@app.command("scan")
def scan_files() -> None:
    """Look for direct or foreign identifiers in everything that goes out. Exit code 1 if there is one."""
    leaks = scan_outgoing()
    for leak in leaks:
        typer.echo(str(leak))
    if leaks:
        raise typer.Exit(1)
    typer.echo("no foreign and no direct identifier in any outgoing file")
