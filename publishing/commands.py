"""Commands of the publishing room; `hearth` merges them at its top level."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer

from hearth.database import Role, connect
from hearth.period import Period
from hearth.settings import settings
from publishing.access.commands import app as access_app
from publishing.access.looks import who_saw
from publishing.contradiction_commands import contradiction_app
from publishing.expiry import delete_expired, expired, keep_months
from publishing.explain.commands import explain_number
from publishing.ledger import unfit
from publishing.publications import publications
from publishing.reminders import ReminderError, messages, send
from publishing.switch import rollback
from publishing.tables import PublicationError

app = typer.Typer(no_args_is_help=True)
app.add_typer(access_app, name="access")
app.add_typer(contradiction_app, name="contradiction")
app.command("explain")(explain_number)

_County = Annotated[str | None, typer.Option("--county", help="County code; the installation's own by default.")]
_STATES = {"live": "在用", "replaced": "已替换", "rolled_back": "已回退"}


def _month(text: str) -> str:
    try:
        return str(Period.parse(text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command("publications")
def list_publications(
    period: Annotated[str | None, typer.Argument(help="YYYY-MM; every month by default.")] = None,
    county: _County = None,
    is_verified: Annotated[
        bool, typer.Option("--verify", help="Compare every table that is still kept with its sums; slow.")
    ] = False,
) -> None:
    """List what was published: month, state, households, tables, rows, when."""
    found = publications(county or settings().county_code, None if period is None else _month(period))
    if not found:
        typer.echo("还没有发布过任何月份")
        return
    for item in found:
        when = item.published_at.astimezone(settings().zone).strftime("%Y-%m-%d %H:%M")
        replaces = "" if item.replaces is None else f"  替换 #{item.replaces}"
        typer.echo(
            f"{item.period}  #{item.publication_id}  {_STATES[item.state]}  {item.household_count}户  "
            f"{item.table_count}表 {item.row_count}行  {when}  (build {item.build_id}){replaces}"
        )
    if is_verified:
        _verify([item.publication_id for item in found])


def _verify(publication_ids: list[int]) -> None:
    with connect(Role.OWNER) as connection:
        wrong = [
            f"发布 #{publication_id} 的 {table} 与台账不符（{what}）"
            for publication_id in publication_ids
            for table, what in unfit(connection, publication_id).items()
        ]
    typer.echo("\n".join(wrong) or "与台账一致")
    if wrong:
        raise typer.Exit(1)


@app.command("remind")
def remind(
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; today by default.")] = None,
    county: _County = None,
    is_sent: Annotated[bool, typer.Option("--send", help="Send it; without this it is only printed.")] = False,
) -> None:
    """Print the reminders and escalations of a day, or send them."""
    asked = (day or datetime.now(settings().zone)).date()
    code = county or settings().county_code
    try:
        if is_sent:
            told = send(code, asked)
            typer.echo(f"{asked} 已发送：{'、'.join(told) or '没有要发的'}")
            return
        found = messages(code, asked)
    except ReminderError as error:
        typer.echo(f"未全部发送：{error}", err=True)
        raise typer.Exit(1) from error
    for message in found:
        channels = f"{len(message.channels)}个渠道" if message.channels else "没有渠道"
        typer.echo(f"== {message.owner}（{channels}）\n{message.subject}\n{message.body}\n")
    if not found:
        typer.echo(f"{asked} 没有要提醒的")


@app.command("rollback")
def roll_back(period: Annotated[str, typer.Argument(help="YYYY-MM")], county: _County = None) -> None:
    """Take the live publication of a month away and put the one before it back."""
    try:
        publication_id = rollback(county or settings().county_code, _month(period))
    except PublicationError as error:
        typer.echo(f"未回退：{error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{period} 已回退到发布 #{publication_id}")
    later = [item.period for item in publications(county or settings().county_code) if item.period > _month(period)]
    if later:
        typer.echo("历史版本（dim_*_version）仍含已回退的内容，直到该月再次发布：更正后请重新触发 close")


@app.command("pack")
def pack(publication_id: Annotated[int, typer.Argument(help="Number of the publication.")]) -> None:
    """Freeze a publication: restatement sheet, Parquet files, manifest. Does nothing when it is sealed."""
    from publishing.pack import PackError, finish

    try:
        done = finish(publication_id)
    except PackError as error:
        typer.echo(f"未封存：{error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(
        f"发布 #{publication_id} 已封存：{done['pack']}；变动指标 {done['figures_moved']} 个 {done['sheet'] or ''}"
    )


@app.command("as-of")
def as_of(
    period: Annotated[str, typer.Argument(help="YYYY-MM")],
    day: Annotated[str, typer.Argument(help="YYYY-MM-DD: as readers saw it at the end of that day.")],
    table: Annotated[str | None, typer.Option("--table", help="Write this table of the pack.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="CSV file to write it to.")] = None,
    county: _County = None,
) -> None:
    """Say which publication of a month readers saw on a day, and give its tables back from the pack."""
    from publishing.pack import PackError, as_published, read_pack

    try:
        end = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), settings().zone)
    except ValueError as error:
        raise typer.BadParameter(f"[{day}] is no day; write 2026-12-31") from error
    if (table is None) != (out is None):
        raise typer.BadParameter("give both --table and --out, or neither")
    found = as_published(county or settings().county_code, _month(period), end)
    if found is None:
        typer.echo(f"{day} 之前没有发布过 {period}", err=True)
        raise typer.Exit(1)
    try:
        document, rows = read_pack(found, table)
    except PackError as error:
        typer.echo(f"{day} 读者看到的是发布 #{found}。{error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{day} 读者看到的是发布 #{found}，{document['household_count']}户")
    if rows is not None and out is not None:
        import pyarrow.csv

        pyarrow.csv.write_csv(rows, out)
        typer.echo(f"{table} {rows.num_rows}行 -> {out}")


@app.command("who-saw")
def say_who_saw(
    household: Annotated[str, typer.Argument(help="Number the register office gave the household.")],
    county: _County = None,
) -> None:
    """List who looked at a household by its number, when, through which login and why."""
    found = who_saw(county or settings().county_code, household)
    if not found:
        typer.echo("没有人按户号查阅过这一户")
    for look in found:
        when = look.accessed_at.astimezone(settings().zone).strftime("%Y-%m-%d %H:%M:%S")
        typer.echo(f"{when}  {look.who}（{look.database_user}）  {look.purpose}  看到{look.entry_count}个月")


@app.command("retention")
def delete_what_is_over(
    *, yes: Annotated[bool, typer.Option("--yes", help="Delete; without it, only say what is due.")] = False
) -> None:
    """Delete submissions that are older than their contract allows, and keep a proof of each deletion."""
    today = datetime.now(settings().zone).date()
    if not yes:
        with connect(Role.OWNER) as connection:
            due = expired(connection, today, keep_months())
        for item in due:
            typer.echo(f"{item.name}  到期（保存{item.keep_months}个月；{item.ground}）")
        typer.echo(f"到期 {len(due)} 份；加 --yes 删除" if due else "没有到期的报送")
        return
    done = delete_expired(today)
    for item, counts in done:
        said = "，".join(f"{place} {count}" for place, count in counts.items() if count)
        typer.echo(f"{item.name}  已删除：{said or '本来就没有内容'}")
    typer.echo(f"已删除 {len(done)} 份，凭据在 ops.deletion")
