"""Commands of the ingestion room; `hearth` merges them at its top level."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hearth.settings import PROJECT_ROOT, settings
from ingestion.calendar_commands import calendar_app
from ingestion.key_commands import key_app, vault_app
from ingestion.link_commands import link_app
from ingestion.rejudge_commands import rejudge_app
from ingestion.sample.commands import sample_app

app = typer.Typer(no_args_is_help=True)
_contracts = typer.Typer(no_args_is_help=True, help="Contracts of the feeds and the files written from them.")
app.add_typer(_contracts, name="contracts")
app.add_typer(calendar_app, name="calendar")
app.add_typer(key_app, name="keys")
app.add_typer(vault_app, name="vault")
app.add_typer(link_app, name="link")
app.add_typer(rejudge_app)
app.add_typer(sample_app)


@_contracts.command("generate")
def generate_files() -> None:
    """Write the dbt sources and the data dictionary from the contracts."""
    from ingestion.contract import contracts
    from ingestion.generate import generated, write

    touched = write(generated(contracts()), PROJECT_ROOT)
    typer.echo("\n".join(f"written: {name}" for name in touched) or "all files are fresh")


@_contracts.command("check")
def check_files() -> None:
    """Read all contracts and say which generated files are stale. Exit code 1 if any is."""
    from ingestion.contract import contracts
    from ingestion.generate import generated, stale

    found = contracts()
    names = stale(generated(found), PROJECT_ROOT)
    for name in names:
        typer.echo(f"stale: {name}", err=True)
    if names:
        typer.echo("mend it with: hearth contracts generate", err=True)
        raise typer.Exit(1)
    typer.echo(f"{len(found)} contracts, generated files are fresh")


@app.command("template")
def write_templates(
    feed: Annotated[str | None, typer.Argument(help="Feed id, for example civil_affairs.dibao.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Templates of all feeds.")] = False,
    out: Annotated[Path, typer.Option(help="Folder to write to; a folder per department is made in it.")] = Path(),
    period: Annotated[str | None, typer.Option(help="Month it is for, YYYY-MM; without it any month.")] = None,
    township: Annotated[str | None, typer.Option(help="Township it is for: its villages only.")] = None,
) -> None:
    """Write the Excel template of a feed, and the form of its nil return where it may send one."""
    from datetime import datetime

    from hearth.period import Period, last_complete_period
    from ingestion.contract import contracts
    from ingestion.template import write

    if (feed is None) != every:
        raise typer.BadParameter("name one feed, or say --all")
    found = contracts()
    if feed is not None and feed not in found:
        raise typer.BadParameter(f"[{feed}] has no contract; known: {', '.join(found)}")
    stated = Period.parse(period) if period else None
    month = stated or last_complete_period(datetime.now(settings().zone).date())
    for contract in found.values() if feed is None else [found[feed]]:
        for path in write(contract, out, month, stated, township):
            typer.echo(path)


@app.command("check")
def check(
    files: Annotated[list[Path], typer.Argument(help="Files as a department would send them.")],
    feed: Annotated[str | None, typer.Option(help="Feed id; without it the name of the file says it.")] = None,
    period: Annotated[
        str | None, typer.Option(help="Month, YYYY-MM; without it by the file name, or the last.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the rows to mend go; without it beside the file.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON a file.")] = False,
) -> None:
    """Say what intake would say of files, without network, database or secret. Exit code 1: something is to be mended.

    The same in one file for a clerk's computer: hearth checker.
    """
    from ingestion.check_app import Asked, run

    asked = Asked(feed, period, out, settings().county_code, as_json)
    raise typer.Exit(max(run(path, asked) for path in files))


@app.command("checker")
def build_checker(
    folder: Annotated[Path, typer.Option(help="Where hearth-check.pyz goes.")] = Path("dist"),
    platform: Annotated[
        str | None, typer.Option(help="Another platform, for example win_amd64; wheels are fetched.")
    ] = None,
    python: Annotated[str | None, typer.Option(help="Python of that platform, for example 3.11.")] = None,
) -> None:
    """Build the offline check as one file, which needs nothing but Python."""
    from ingestion.checker_build import build

    made = build(folder, settings().county_code, platform=platform, python_version=python)
    typer.echo(f"{made} ({made.stat().st_size / 1e6:.0f} MB)")


@app.command("sample-report")
def report_sample(
    key: Annotated[Path | None, typer.Option(help="Folder of the answer key that `hearth sample` wrote.")] = None,
    images: Annotated[Path | None, typer.Option(help="Folder for three pictures; needs matplotlib.")] = None,
    page: Annotated[Path | None, typer.Option(help="Markdown page whose marked stretch gets the counts.")] = None,
) -> None:
    """Say what the sample county holds, counted from its answer key; draw it if asked."""
    from ingestion.sample.portrait import portrait, put_into, to_markdown

    folder = key or settings().home / "sample" / "key"
    text = to_markdown(portrait(folder))
    if page is None:
        typer.echo(text)
    else:
        put_into(page, text)
        typer.echo(f"written: {page}")
    if images is not None:
        from ingestion.sample.plots import draw

        for path in draw(folder, images):
            typer.echo(f"written: {path}")


@app.command("score")
def score_warehouse(
    key: Annotated[Path | None, typer.Option(help="Folder of the answer key that `hearth sample` wrote.")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the score there too; - prints it instead of the tables.")
    ] = None,
    floor: Annotated[Path | None, typer.Option(help="YAML of floors; exit code 1 if a figure falls below.")] = None,
) -> None:
    """Compare what the warehouse found in the sample county with what was planted and what is true."""
    from ingestion.sample.score import below, read_warehouse, score_against
    from ingestion.sample.score_report import read_floors, show

    floors = read_floors(floor) if floor else {}
    found = read_warehouse()
    score = score_against(found, key or settings().home / "sample" / "key")
    is_printed = json_file == Path("-")
    if is_printed:
        typer.echo(score.to_json(), nl=False)
    else:
        show(score, Console())
    if json_file is not None and not is_printed:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(score.to_json(), encoding="utf-8")
    if fallen := below(score, floors):
        for text in fallen:
            typer.echo(f"below the floor: {text}", err=True)
        raise typer.Exit(1)


@app.command()
def intake(
    key: Annotated[
        str | None, typer.Argument(help="Inbox key or receipt number; without it everything that is ready is taken.")
    ] = None,
    confirm: Annotated[str | None, typer.Option(help="Rule id that you answer for, for example F-18.")] = None,
    by: Annotated[str | None, typer.Option(help="Who answers for it.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why it is right.")] = None,
    *,
    release: Annotated[bool, typer.Option("--release", help="Only claims whose holder is gone or silent.")] = False,
) -> None:
    """Take files in: check, load, answer. Exit code 1 if a file could not be worked on; refused files are no fault."""
    from ingestion import ledger
    from ingestion.contract import departments
    from ingestion.inbox import INBOX
    from ingestion.intake import BY_NUMBER, discover, take

    if confirm and not (key and by and by.strip() and reason and reason.strip()):
        typer.echo("a person answers for one file and says why: give the file, --by and --reason", err=True)
        raise typer.Exit(2)
    if key:
        keys = [key if key.startswith((f"{INBOX}/", BY_NUMBER)) else f"{BY_NUMBER}{key}"]
    elif release:
        ledger.release_hung(settings().intake_patience_minutes)
        keys = [f"{BY_NUMBER}{entry.submission_id}" for entry in ledger.stuck()]
    else:
        keys = [found for owner in (*departments(), None) for found in discover(owner)]
    table = Table("receipt", "state", "received", "accepted", "rejected", "excluded", "reason")
    broken: list[str] = []
    for inbox_key in keys:
        try:
            receipt = take(inbox_key)
            if confirm and by and reason:
                ledger.confirm(receipt.submission_id, confirm, by=by, reason=reason)
                receipt = take(f"{BY_NUMBER}{receipt.submission_id}")
        except (OSError, RuntimeError, ValueError, LookupError) as fault:  # one bad file must not cost the others
            broken.append(str(fault))
            continue
        counts = (receipt.rows_received, receipt.rows_accepted, receipt.rows_rejected, receipt.rows_excluded)
        why = f"{receipt.reason.rule_id} {receipt.reason.message}" if receipt.reason else ""
        table.add_row(receipt.submission_id, receipt.state, *map(str, counts), why)
    nothing = "no claim is without its holder" if release else "nothing is ready in the inbox"
    Console().print(table if table.row_count else nothing)
    for text in broken:
        typer.echo(f"not taken: {text}", err=True)
    if broken:
        raise typer.Exit(1)


@app.command("inspect")
def inspect_one(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A table of any kind.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show what the reader sees in a file: kind, encoding, sheets, header, columns, rows. No value of a row is shown.

    Exit code 1 if the file cannot be opened at all (password, macros, damage, too large).
    """
    import json

    from ingestion.inspect_file import as_text, inspect_bytes

    found = inspect_bytes(file.read_bytes())
    typer.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2) if as_json else as_text(found))
    if found.problem is not None:
        raise typer.Exit(1)


@app.command()
def submissions(
    department: Annotated[str | None, typer.Option(help="Only of this department.")] = None,
    period: Annotated[str | None, typer.Option(help="Only this month, YYYY-MM.")] = None,
    state: Annotated[list[str] | None, typer.Option(help="Only in this state; may be repeated.")] = None,
) -> None:
    """List what was received, newest first, what became of it, and what comes next."""
    from hearth.period import Period
    from ingestion.ledger import submissions as entries
    from ingestion.submission import State

    month = str(Period.parse(period)) if period else None
    states = [State(word) for word in state or ()]
    table = Table(
        "received at", "receipt", "no.", "state", "received", "accepted", "rejected", "warnings", "reason", "next step"
    )
    for entry in entries(department=department, period=month, states=states):
        counts = (entry.rows_received, entry.rows_accepted, entry.rows_rejected, entry.warning_count)
        moment = entry.received_at.astimezone(settings().zone)
        now = State(entry.state)
        table.add_row(
            f"{moment:%Y-%m-%d %H:%M}",
            entry.submission_id,
            str(entry.version or "-"),
            f"{now.value} {now.short}",
            *map(str, counts),
            entry.reason_rule_id or "",
            now.next_step,
        )
    Console().print(table)


@app.command()
def reopen(
    period: Annotated[str, typer.Argument(help="The closed month, YYYY-MM.")],
    *,
    reason: Annotated[str, typer.Option(help="Why the published month may change.")],
    by: Annotated[str, typer.Option(help="Who allows it.")],
    feed: Annotated[str | None, typer.Option(help="Only this feed, written department.feed.")] = None,
    department: Annotated[str | None, typer.Option(help="Only this department.")] = None,
    days: Annotated[int, typer.Option(min=1, help="For how many days.")] = 7,
) -> None:
    """Let files of a closed month in for some days. Files that wait for it are taken now, or by the next intake."""
    from datetime import timedelta

    from hearth.period import Period
    from ingestion.contract import contracts, departments
    from ingestion.intake import BY_NUMBER, take
    from ingestion.ledger import submissions as entries
    from ingestion.reopening import must_wait
    from ingestion.reopening import reopen as open_again
    from ingestion.submission import State

    month = Period.parse(period)
    if feed is not None and feed not in contracts():
        raise typer.BadParameter(f"[{feed}] has no contract; known: {', '.join(contracts())}")
    if feed is not None and department not in (None, contracts()[feed].department):
        raise typer.BadParameter(f"[{feed}] is not a feed of [{department}]")
    owner = contracts()[feed].department if feed else department
    if owner is not None and owner not in departments():
        raise typer.BadParameter(f"[{owner}] has no contract; known: {', '.join(departments())}")
    now = datetime.now(settings().zone)
    made = open_again(
        settings().county_code,
        month,
        department=owner,
        feed=contracts()[feed].feed if feed else None,
        reason=reason,
        by=by,
        until=now + timedelta(days=days),
    )
    until = made.open_until.astimezone(settings().zone)
    typer.echo(f"[{month}] is open for [{feed or owner or 'all departments'}] until {until:%Y-%m-%d %H:%M}")
    for entry in entries(department=owner, period=str(month), states=(State.AWAITING_REOPENING,), newest_first=False):
        if not must_wait(entry.slot, now, settings().reopening):
            receipt = take(f"{BY_NUMBER}{entry.submission_id}")
            typer.echo(f"{receipt.submission_id}: {receipt.state}")


@app.command("waive-placeholder")
def waive_placeholder(
    household: Annotated[str, typer.Argument(help="户编号 of a household in which a number is still to come.")],
    *,
    reason: Annotated[str, typer.Option(help="Why there is no number yet.")],
    by: Annotated[str, typer.Option(help="Who allows it.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day; months ending later ask again.")],
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day; default: today.")] = None,
) -> None:
    """Ask a household's clerk no more about placeholder ID numbers (R-ALL-04), until a day."""
    from ingestion.placeholder_waiver import waive

    begin = (since or datetime.now(settings().zone)).date()
    try:
        waive(household, reason=reason, by=by, since=begin, until=until.date())
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None
    typer.echo(f"placeholder numbers of [{household}] are not asked about from {begin} to {until:%Y-%m-%d}")


@app.command("drift")
def show_drift(
    settled: Annotated[bool, typer.Option("--all", help="Those already settled as well.")] = False,
    settle: Annotated[int | None, typer.Option(help="Number of an issue that you have dealt with.")] = None,
    note: Annotated[str, typer.Option(help="What was done about it.")] = "",
) -> None:
    """List what has changed about the columns of the feeds, and who is to look at it; or settle one issue."""
    from ingestion import drift_ledger

    if settle is not None:
        if not note.strip():
            raise typer.BadParameter("say with --note what was done")
        drift_ledger.settle(settle, note.strip())
        typer.echo(f"issue {settle} is settled")
        return
    table = Table(
        "issue", "feed", "owner", "what", "column", "header", "suggestion", "first seen", "last seen", "times"
    )
    for issue in drift_ledger.listed(settled=settled):
        days = [f"{moment.astimezone(settings().zone):%Y-%m-%d}" for moment in (issue.first_seen, issue.last_seen)]
        state = issue.kind if issue.state == "open" else f"{issue.kind} ({issue.state})"
        table.add_row(
            str(issue.issue_id),
            issue.feed_id,
            issue.owner,
            state,
            issue.column_name,
            issue.header,
            issue.suggestion,
            *days,
            str(issue.seen_count),
        )
    Console().print(table if table.row_count else "no open issue: all files have the columns that are expected")
