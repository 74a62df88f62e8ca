"""Commands of the gate's room; `hearth` merges them at its top level."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated

import typer

from expectations.waivers import WaiverError, all_waivers, grant_waiver, withdraw_waiver
from hearth.period import Period
from hearth.settings import settings

app = typer.Typer(no_args_is_help=True)

_County = Annotated[str | None, typer.Option("--county", help="County code; the installation's own by default.")]
_By = Annotated[str, typer.Option("--by", help="Who answers for it.")]
_Reason = Annotated[str, typer.Option("--reason", help="Why; it is printed wherever the numbers appear.")]


def _month(text: str) -> str:
    try:
        return str(Period.parse(text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"[{text}] is no day; write 2026-12-31") from error


@app.command("waive")
def waive(
    rule: Annotated[str, typer.Argument(help="Rule id, as the verdict names it: P-16.")],
    *,
    by: _By,
    reason: _Reason,
    until: Annotated[str, typer.Option("--until", help="Last day, YYYY-MM-DD.")],
    period: Annotated[str | None, typer.Option("--period", help="YYYY-MM; every month until then by default.")] = None,
    scope: Annotated[str, typer.Option("--scope", help="Glob over suite.check; every check of the rule.")] = "*",
    county: _County = None,
) -> None:
    """Let failures of one rule through, by name and until a day. Run the close again afterwards: it judges anew."""
    end = datetime.combine(_day(until) + timedelta(days=1), time(), settings().zone)
    try:
        waiver_id = grant_waiver(
            county or settings().county_code,
            rule,
            scope=scope,
            period=None if period is None else _month(period),
            reason=reason,
            given_by=by,
            valid_until=end,
        )
    except WaiverError as error:
        typer.echo(f"未豁免：{error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"豁免 #{waiver_id}：{rule} {scope}，{by}，至{until}")


@app.command("unwaive")
def unwaive(waiver_id: Annotated[int, typer.Argument()], by: _By, reason: _Reason) -> None:
    """End a waiver before its day."""
    try:
        withdraw_waiver(waiver_id, reason=reason, withdrawn_by=by)
    except WaiverError as error:
        typer.echo(f"未撤回：{error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"豁免 #{waiver_id} 已撤回")


@app.command("waivers")
def list_waivers(county: _County = None) -> None:
    """List every waiver, newest first, and whether it still holds."""
    now = datetime.now(settings().zone)
    found = all_waivers(county or settings().county_code)
    if not found:
        typer.echo("没有豁免")
    for item in found:
        state = "已撤回" if item.is_withdrawn else "有效" if item.valid_until > now else "已到期"
        typer.echo(f"{state}  {item.text()}  {item.scope}  {item.period or '各月'}")
