"""Commands for whoever keeps the keys: `hearth keys …` and `hearth vault read`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

key_app = typer.Typer(no_args_is_help=True, help="Keys of personal data: which are in force, replace them.")
vault_app = typer.Typer(no_args_is_help=True, help="Clear personal data, for a stated purpose.")


@key_app.command("list")
def list_keys() -> None:
    """List every version of the two keys, whether its file is here, and what depends on it. Never shows a key."""
    from ingestion.keys import key_states

    table = Table("key", "version", "in force from", "retired", "file", "wraps data keys")
    for state in key_states():
        table.add_row(
            state.purpose.value,
            str(state.version),
            f"{state.in_force_from:%Y-%m-%d %H:%M}",
            f"{state.retired_at:%Y-%m-%d %H:%M}" if state.retired_at else "",
            "here" if state.has_file else "MISSING" if state.retired_at is None else "deleted",
            "" if state.wraps is None else str(state.wraps),
        )
    Console().print(table if table.row_count else "no key has been used yet; the first intake makes them")


@key_app.command("rotate")
def rotate() -> None:
    """Make a new wrapping key and wrap every data key anew. No sealed value is touched, nothing has to stop."""
    from ingestion.keys import rotate_wrapping_key

    version, count = rotate_wrapping_key()
    typer.echo(
        f"wrapping key version {version} is in force; {count} data keys wrapped anew. Back up the secrets folder now;"
        f" then: hearth keys retire {version - 1}"
    )


@key_app.command("rotate-hmac")
def rotate_hmac(
    who: Annotated[str, typer.Option(help="Who does it: a person, by name.")],
    purpose: Annotated[str, typer.Option(help="Why; kept for ever in ops.access_log.")],
) -> None:
    """Make a new token key and replace every token of the warehouse, in one transaction. Published keys stay.

    Readers are not disturbed; a file that is being taken is taken again. Refused while a build has not ended.
    """
    from ingestion.rotation import RotationRefused, rotate_token_key

    try:
        done = rotate_token_key(who=who, purpose=purpose)
    except (RotationRefused, ValueError) as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None
    typer.echo(
        f"token key version {done.version} is in force; {done.values} values, {sum(done.rows.values())} rows in"
        f" {len(done.rows)} tables. Back up the secrets folder now; then: hearth keys retire {done.version - 1} --token"
    )


@key_app.command("retire")
def retire(
    version: Annotated[int, typer.Argument(help="Version whose file is deleted.")],
    *,
    token: Annotated[bool, typer.Option("--token", help="Of the token key; without it of the wrapping key.")] = False,
) -> None:
    """Delete the file of an earlier version that nothing depends on. Refused while something does."""
    from ingestion.keys import Purpose, retire_key

    try:
        retire_key(Purpose.TOKEN if token else Purpose.WRAP, version)
    except ValueError as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"version {version} is deleted; backups from its time need a backup of the secrets folder")


@vault_app.command("read")
def read(
    kind: Annotated[str, typer.Option(help="Vault kind, for example id_number.")],
    who: Annotated[str, typer.Option(help="Who asks: a person, by name.")],
    purpose: Annotated[str, typer.Option(help="Why; kept for ever in ops.access_log.")],
    tokens: Annotated[
        list[str] | None, typer.Argument(help="Tokens (the _hash columns); without any, one a line from stdin.")
    ] = None,
) -> None:
    """Print token and clear value, tab-separated. Logged with who, purpose and how many, before anything is shown."""
    from ingestion.vault import open_values

    asked = tokens or [line.strip() for line in sys.stdin if line.strip()]
    try:
        found = open_values(asked, kind, who=who, purpose=purpose)
    except ValueError as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None
    for token, value in found.items():
        typer.echo(f"{token}\t{value}")
    if len(found) < len(set(asked)):
        typer.echo(f"not in the vault: {len(set(asked)) - len(found)} of {len(set(asked))} tokens", err=True)
