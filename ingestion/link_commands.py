"""Commands for rows that found no household: `hearth link …`."""

from __future__ import annotations

from typing import Annotated

import typer

link_app = typer.Typer(no_args_is_help=True, help="Rows that found no household: look, decide, send back.")


def _address(text: str) -> tuple[str, int]:
    """Sheet and row of ``Sheet1!12``; the sheet of a text file has no name: ``12``. Raises typer.BadParameter."""
    sheet, _, row = text.rpartition("!")
    if not row.isdigit() or int(row) < 1:
        raise typer.BadParameter(f"[{text}] is no row; write it as in the review list: Sheet1!12, or 12")
    return sheet, int(row)


@link_app.command("decide")
def decide_link(
    *,
    submission: Annotated[str, typer.Argument(help="Number of the submission that the row came with.")],
    row: Annotated[str, typer.Argument(help="Sheet and row, as in the review list: Sheet1!12.")],
    household: Annotated[str, typer.Argument(help="Household number.")],
    by: Annotated[str, typer.Option(help="Who decides: a person, by name.")],
    reason: Annotated[str, typer.Option(help="Why; kept for ever.")],
    same: Annotated[bool | None, typer.Option("--same/--not-same", help="Is the row of that household?")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="The decision superseded was a mistake.")] = False,
    supersedes: Annotated[int | None, typer.Option(help="Number of the decision that no longer holds.")] = None,
) -> None:
    """Decide for good that a row is, or is not, of a household; every build planned from now on replays it."""
    from hearth.database import Role, connect
    from ingestion.link_decision import DecisionRefused, Verdict, decide, subject_of

    if (same is None) != withdraw:
        raise typer.BadParameter("say one of --same, --not-same, --withdraw")
    verdict = Verdict.WITHDRAWN if withdraw else Verdict.SAME if same else Verdict.NOT_SAME
    try:
        with connect(Role.LOADER) as connection:
            subject = subject_of(connection, submission, *_address(row))
        number = decide(subject, household, verdict, by=by, reason=reason, supersedes=supersedes)
    except DecisionRefused as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(1) from problem
    typer.echo(f"认定 #{number} 已登记（按{subject.known_by}识别，{subject.feed_id}），自下一次构建起生效")


@link_app.command("decisions")
def list_decisions() -> None:
    """List the decisions in force. Shows no token and no personal data."""
    from hearth.database import Role, connect
    from hearth.settings import settings
    from ingestion.link_decision import Verdict, in_force

    words = {Verdict.SAME: "是", Verdict.NOT_SAME: "不是"}
    with connect(Role.LOADER) as connection:
        found = in_force(connection)
    for item in found:
        when = item.decided_at.astimezone(settings().zone).strftime("%Y-%m-%d")
        typer.echo(
            f"#{item.decision_id}  {item.subject.feed_id}（{item.subject.known_by}）{words[item.verdict]}"
            f" {item.household_no}  {item.decided_by} {when}：{item.reason}"
        )
    if not found:
        typer.echo("没有认定")


@link_app.command("review")
def review_links(
    period: Annotated[str, typer.Argument(help="Published month, YYYY-MM.")],
    feed: Annotated[str | None, typer.Option(help="department.feed; every feed by default.")] = None,
) -> None:
    """List rows that reached no household, with the households they may mean. No name and no ID number is shown."""
    from hearth.database import Role, connect

    with connect(Role.READER) as connection:
        found = connection.execute(
            "select feed_id, submission_id, source_sheet, source_row, link_status, household_no, path_code, score,"
            " array_to_string(evidence, '+') from shared.v_link_suggestion"
            " where period = %s and (%s::text is null or feed_id = %s)"
            " order by feed_id, submission_id, source_sheet, source_row, candidate_rank",
            [period, feed, feed],
        ).fetchall()
    for feed_id, submission, sheet, row, status, household, path, score, evidence in found:
        place = f"{sheet}!{row}" if sheet else str(row)
        typer.echo(f"{feed_id}  {submission} {place}  {status}  {household}  {path} {score} {evidence}".rstrip())
    if not found:
        typer.echo(f"{period} 没有待核对的行")


@link_app.command("return")
def return_links() -> None:
    """Put what the newest build could not link into the departments' outboxes, with masked candidates."""
    from ingestion.unlinked_return import write_returns

    keys = write_returns()
    typer.echo("\n".join(keys) or "没有待核对的行")
