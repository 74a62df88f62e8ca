"""`hearth explain`: any published number, asked why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def explain_number(
    publication: Annotated[str, typer.Argument(help="Number of the publication, or YYYY-MM for what is live.")],
    indicator: Annotated[str, typer.Argument(help="Code of the indicator, for example GUA-05.")],
    area: Annotated[str, typer.Argument(help="Division code, or its name.")],
    *,
    part: Annotated[str, typer.Option(help="Part of the figure: a guarantee, a way of supply, a feed.")] = "",
    limit: Annotated[int, typer.Option(help="Units of each state that are listed; 0 lists all.")] = 10,
    reader: Annotated[str | None, typer.Option(help="LOGIN reader who may see household numbers.")] = None,
    who: Annotated[str, typer.Option(help="The person who looks; kept in the log.")] = "",
    purpose: Annotated[str, typer.Option(help="Why; kept in the log.")] = "",
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="Write everything to this workbook.")] = None,
    county: Annotated[
        str | None, typer.Option("--county", help="County code; the installation's own by default.")
    ] = None,
    is_json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
    is_frozen: Annotated[bool, typer.Option("--frozen", help="Read the frozen pack, not the database.")] = False,
) -> None:
    """Say why a published number is what it is: who is counted, on which rows, and the same value counted anew.

    Exit code 1 when the recount is another number. Without --reader households are keys; with it each is a logged look.
    """
    from publishing.explain.explanation import Asker, explain
    from publishing.explain.output import as_json, as_text, write_workbook
    from publishing.explain.store import ExplainError

    try:
        found = explain(
            publication, indicator, area, part=part, county_code=county, from_pack=is_frozen,
            asker=None if reader is None else Asker(reader, who, purpose), limit=limit or None,
        )  # fmt: skip
    except (ExplainError, ValueError) as error:
        typer.echo(f"无法说明：{error}", err=True)
        raise typer.Exit(2) from error
    if xlsx is not None:
        write_workbook(found, xlsx)
    typer.echo(as_json(found) if is_json else as_text(found))
    if found.differences:
        raise typer.Exit(1)
