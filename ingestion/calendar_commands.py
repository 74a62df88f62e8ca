"""Commands of the reporting calendar: `hearth calendar …`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hearth.period import Period, last_complete_period
from hearth.settings import settings

calendar_app = typer.Typer(no_args_is_help=True, help="What is expected of whom for a month, and until when.")

_Month = Annotated[str, typer.Argument(help="YYYY-MM")]
_Feeds = Annotated[list[str], typer.Argument(help="Feed ids, for example water.supply.")]
_Reason = Annotated[str, typer.Option(help="Why; kept for ever, and told to the departments.")]
_By = Annotated[str, typer.Option(help="Who decided: a person, by name.")]


def _period(text: str) -> Period:
    try:
        return Period.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@calendar_app.command("show")
def show(
    period: Annotated[str | None, typer.Argument(help="YYYY-MM; the last complete month by default.")] = None,
) -> None:
    """Show a month's calendar: what is expected, until when, why a day was moved."""
    from ingestion.calendar import Expectation, calendar

    today = datetime.now(settings().zone).date()
    month = last_complete_period(today) if period is None else _period(period)
    table = Table("报表", "应报", "规定截止", "截止时间", "关账时间", "说明", title=f"{month} 报送日历")
    for entry in calendar(settings().county_code, month).values():
        note = "；".join(
            part for part in (entry.moved_because, "节假日安排未公布" if entry.is_provisional else None) if part
        )
        table.add_row(
            entry.feed_id,
            Expectation(entry.expectation).zh,
            f"{entry.rule_due_date:%m-%d}",
            f"{entry.due_at.astimezone(settings().zone):%Y-%m-%d %H:%M}",
            f"{entry.cutoff_at.astimezone(settings().zone):%Y-%m-%d %H:%M}",
            note,
        )
    Console().print(table)


@calendar_app.command("move")
def move(
    period: _Month,
    feeds: _Feeds,
    due: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The new last day.")],
    reason: _Reason,
    by: _By,
) -> None:
    """Move the due day of feeds for one month."""
    _change(period, feeds, reason, by, due=due.date())


@calendar_app.command("excuse")
def excuse(period: _Month, feeds: _Feeds, reason: _Reason, by: _By) -> None:
    """Say that feeds need not be sent for one month; the month does not wait for them."""
    _change(period, feeds, reason, by, is_expected=False)


@calendar_app.command("require")
def require(period: _Month, feeds: _Feeds, reason: _Reason, by: _By) -> None:
    """Ask again for feeds that were excused."""
    _change(period, feeds, reason, by, is_expected=True)


def _change(
    period: str, feeds: list[str], reason: str, by: str, *, due: date | None = None, is_expected: bool | None = None
) -> None:
    from ingestion.calendar import Expectation, change

    expectation = None
    if is_expected is not None:
        expectation = Expectation.EXPECTED if is_expected else Expectation.NOT_EXPECTED
    try:
        entries = change(
            settings().county_code, _period(period), feeds, reason=reason, by=by, due=due, expectation=expectation
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    for entry in entries:
        moment = entry.due_at.astimezone(settings().zone)
        typer.echo(f"{entry.feed_id} {period} {Expectation(entry.expectation).zh} 截止{moment:%Y-%m-%d %H:%M}")
