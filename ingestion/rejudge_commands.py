"""`hearth rejudge`: accepted files by the contract of today."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hearth.period import Period
from hearth.settings import settings

rejudge_app = typer.Typer()


@rejudge_app.command("rejudge")
def judge_again(
    first: Annotated[str, typer.Argument(help="First month, YYYY-MM.")],
    last: Annotated[str | None, typer.Argument(help="Last month; without it the first alone.")] = None,
    feed: Annotated[str | None, typer.Option(help="Only this feed, written department.feed.")] = None,
    by: Annotated[str, typer.Option(help="Who answers for it; needed to apply.")] = "",
    reason: Annotated[str, typer.Option(help="Why, for example the new version of the contract.")] = "",
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Take over verdicts that take the file in.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also what contract and reader of today judged.")] = False,
) -> None:
    """Judge accepted files anew by the contract and rules of today. Without --apply it only says what would change.

    Departments do nothing; when a file came, and whether in time, stays. A file that would no longer be taken stays as
    it is, and is named. Exit code 1 if there is one.
    """
    from ingestion.contract import contracts
    from ingestion.rejudge import rejudge, to_judge

    if feed is not None and feed not in contracts():
        raise typer.BadParameter(f"[{feed}] has no contract; known: {', '.join(contracts())}")
    if apply and not (by.strip() and reason.strip()):
        typer.echo("a named person judges anew for a stated reason: give --by and --reason", err=True)
        raise typer.Exit(2)
    months = Period.parse(first), Period.parse(last or first)
    table = Table("receipt", "contract", "state", "accepted", "rejected", "what changes", "outcome")
    left = 0
    for entry in to_judge(settings().county_code, *months, feed_id=feed, everything=everything):
        try:
            found = rejudge(entry, by=by, reason=reason, apply=apply)
        except (OSError, RuntimeError, ValueError, LookupError) as fault:  # one file must not cost the others
            typer.echo(f"not judged: {fault}", err=True)
            left += 1
            continue
        left += not found.would_be_taken
        rules = [f"{rule} {was}→{now}" for (rule, _), (was, now) in (found.rules or {}).items()]
        table.add_row(
            entry.submission_id,
            f"{entry.contract_version}→{found.contract_version}",
            f"{entry.state}→{found.state or 'no file'}",
            f"{entry.rows_accepted}→{found.rows_accepted}",
            f"{entry.rows_rejected}→{found.rows_rejected}",
            "\n".join(rules) or "no finding",
            _outcome(
                found.made,
                found.would_be_taken,
                f"{found.reason.rule_id} {found.reason.message}" if found.reason else "",
            ),
        )
    Console().print(table if table.row_count else "contract and reader of today have judged everything there is")
    if left:
        raise typer.Exit(1)


def _outcome(made: str | None, would_be_taken: bool, why: str) -> str:
    if made is not None:
        return f"is now {made}"
    return "would be taken" if would_be_taken else f"stays as it was: {why or 'its bytes are deleted'}"
