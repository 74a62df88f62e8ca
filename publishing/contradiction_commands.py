"""Commands for contradictions between departments: `hearth contradiction …`."""

from __future__ import annotations

from typing import Annotated

import typer

from hearth.period import Period
from hearth.settings import settings

contradiction_app = typer.Typer(no_args_is_help=True, help="Contradictions that somebody answers for leaving open.")

_By = Annotated[str, typer.Option("--by", help="Who answers for it: a person, by name.")]
_Reason = Annotated[str, typer.Option("--reason", help="Why; kept for ever.")]
_County = Annotated[str | None, typer.Option(help="6-digit county code; that of the installation by default.")]


def _month(text: str) -> Period:
    try:
        return Period.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@contradiction_app.command("waive")
def waive_contradiction(
    *,
    rule: Annotated[str, typer.Argument(help="Rule between departments: XD-44.")],
    household: Annotated[str, typer.Argument(help="Number the register office gave the household.")],
    until: Annotated[str, typer.Option("--until", help="Last month, YYYY-MM.")],
    by: _By,
    reason: _Reason,
    county: _County = None,
) -> None:
    """Leave what a rule says of a household open until a month: both sides are right, or it cannot be mended."""
    from publishing.contradictions import ContradictionWaiverError, waive

    try:
        numbers = waive(
            county or settings().county_code, rule, household, until=_month(until), reason=reason, given_by=by
        )
    except ContradictionWaiverError as error:
        typer.echo(f"未登记：{error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"豁免 {', '.join(f'#{number}' for number in numbers)}：{rule}，{by}，至{until}，自下一次构建起生效")


@contradiction_app.command("unwaive")
def unwaive_contradiction(
    *,
    number: Annotated[int, typer.Argument(help="Number of the waiver.")],
    since: Annotated[str, typer.Option("--from", help="First month without it, YYYY-MM.")],
    by: _By,
    reason: _Reason,
) -> None:
    """End a waiver before its month."""
    from publishing.contradictions import ContradictionWaiverError, withdraw

    try:
        withdraw(number, from_period=_month(since), reason=reason, withdrawn_by=by)
    except ContradictionWaiverError as error:
        typer.echo(f"未撤回：{error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"豁免 #{number} 自{since}起不再有效")


@contradiction_app.command("waivers")
def list_waivers(county: _County = None) -> None:
    """List the waivers of contradictions, newest first."""
    from publishing.contradictions import waivers

    found = waivers(county or settings().county_code)
    for one in found:
        ends = f"，{one.withdrawn_from}起撤回" if one.withdrawn_from else ""
        where = one.household_no or one.subject_kind
        typer.echo(
            f"#{one.waiver_id} {one.rule_id} {where} {one.from_period}至{one.until_period}{ends}"
            f" {one.given_by}：{one.reason}"
        )
    if not found:
        typer.echo("没有登记过矛盾豁免")
