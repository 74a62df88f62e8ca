"""What a sample county holds, counted from its answer key: for people who look at it, and for the page in docs/."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ingestion.contract import contracts
from ingestion.reference_data import code_lists
from ingestion.rules import catalogue
from ingestion.sample.key_tables import load_table

_TABLES = ("households", "persons", "links", "defects", "guarantees", "states")

_MONTHS = """
    with home as (
        select period, count(*) as listed, count(*) filter (is_active) as active,
            count(*) filter (is_active and monitor_class_code is not null) as monitored,
            count(*) filter (is_active and on_dibao) as on_dibao
        from households group by period
    ),
    people as (
        select period, count(*) filter (household_no is not null) as members, count(*) as residents
        from persons where is_member group by period
    ),
    sent as (
        select period, count(distinct sha256) as files, count(*) as rows, count(*) filter (is_planted) as faulty
        from links group by period
    ),
    refused as (select period, count(*) as refused from defects where row is null group by period)
    select * from home join people using (period) join sent using (period) left join refused using (period)
    order by period
"""

_PLACES = """
    select
        'Members of an active household' as what, least(member_count, 7)::text || if(member_count >= 7, '+', '') as one,
        count(*) as number
    from households where is_active and period = $month group by all
    union all
    select 'House grade', coalesce(house_grade_code, 'never assessed'), count(*)
    from households where is_active and period = $month group by all
    union all
    select 'Water, worst of four ratings', coalesce(
        list_max(string_split(water_rating_codes, '')), 'not on the roll'), count(*)
    from households where is_active and period = $month group by all
    union all
    select 'Insurance of residents', coalesce(insurance_status_code, 'on no roll'), count(*)
    from persons where is_member and period = $month group by all
    order by 1, 2
"""


@dataclass(frozen=True, slots=True)
class Portrait:
    """Counts of a key; every row is a mapping by column name."""

    county_code: str
    seed: int
    households: int
    months: Sequence[Mapping[str, Any]]
    feeds: Sequence[Mapping[str, Any]]
    """Data rows by feed: of the last month and of all."""
    kinds: Sequence[Mapping[str, Any]]
    """Planted faults: kind, stage, rules, number."""
    places: Sequence[Mapping[str, Any]]
    """How the last month's households and residents are spread."""


def stage_of(rule_id: str) -> str:
    """Where a rule judges: file, schema, row or household. Raises KeyError for a rule that nobody knows."""
    if rule_id in catalogue():
        return catalogue()[rule_id].stage
    own = {rule.rule_id: rule.stage for contract in contracts().values() for rule in contract.rules}
    return own[rule_id]


def open_key(folder: Path) -> duckdb.DuckDBPyConnection:
    """The tables of a key by name. Raises FileNotFoundError when there is no key in the folder."""
    connection = duckdb.connect()
    for name in _TABLES:
        connection.register(name, load_table(folder, name))
    return connection


def _ask(connection: duckdb.DuckDBPyConnection, query: str, **values: object) -> list[dict[str, Any]]:
    found = connection.execute(query, values or None)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def portrait(folder: Path) -> Portrait:
    """Count. Raises FileNotFoundError when there is no key in the folder."""
    connection = open_key(folder)
    run = json.loads((folder / "key.json").read_text(encoding="utf-8"))
    months = _ask(connection, _MONTHS)
    last = months[-1]["period"]
    kinds = _ask(
        connection,
        "select kind, list(distinct rule_id order by rule_id) as rules, count(*) as number from defects"
        " group by kind order by number desc, kind",
    )
    stages = [{**kind, "stage": stage_of(kind["rules"][0])} for kind in kinds]
    feeds = _ask(
        connection,
        "select feed_id, count(*) filter (period = $month) as last, count(*) as total, count(*) filter (is_planted)"
        " as faulty from links group by feed_id order by feed_id",
        month=last,
    )
    return Portrait(
        county_code=run["county_code"],
        seed=run["seed"],
        households=run["households"],
        months=months,
        feeds=feeds,
        kinds=stages,
        places=_ask(connection, _PLACES, month=last),
    )


# ---------------------------------------------------------------- as text
BEGIN, END = "<!-- counts: begin, written by hearth sample-report -->", "<!-- counts: end -->"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    def cell(value: object) -> str:
        return f"{value:,}" if isinstance(value, int) else str(value)

    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return [*lines, *("| " + " | ".join(map(cell, row)) + " |" for row in rows), ""]


def _words(what: str, code: str) -> str:
    if what.startswith("Insurance"):
        return code_lists()["insurance_status"].labels.get(code, code)
    return {"1": "good", "2": "basic", "3": "below standard"}.get(code, code) if what.startswith("Water") else code


def to_markdown(found: Portrait) -> str:
    """The counts as a stretch of Markdown."""
    first, last = found.months[0]["period"], found.months[-1]["period"]
    total = sum(kind["number"] for kind in found.kinds)
    head = (
        f"County {found.county_code}, seed {found.seed}, {found.households:,} register households, {first} to {last}."
    )
    columns = ("month", "on the register", "active", "monitored", "on dibao", "members", "residents")
    homes = [
        [month[name] for name in ("period", "listed", "active", "monitored", "on_dibao", "members", "residents")]
        for month in found.months
    ]
    sent = [[month[name] or 0 for name in ("period", "files", "refused", "rows", "faulty")] for month in found.months]
    feeds = [[contracts()[row["feed_id"]].title, row["feed_id"], row["last"], row["faulty"]] for row in found.feeds]
    kinds = [[kind["kind"], kind["stage"], ", ".join(kind["rules"]), kind["number"]] for kind in found.kinds]
    wholes = {
        row["what"]: sum(each["number"] for each in found.places if each["what"] == row["what"]) for row in found.places
    }
    spread = [
        [
            row["what"],
            _words(row["what"], row["one"]),
            row["number"],
            f"{100 * row['number'] / wholes[row['what']]:.1f} %",
        ]
        for row in found.places
    ]
    return "\n".join(
        [
            head,
            "",
            "**People.** Active households live here; those that have gone keep their row.",
            "",
            *_table(columns, homes),
            "**Files.** Nil returns are not among them; `refused whole` are files that cannot be taken at all.",
            "",
            *_table(("month", "files with rows", "refused whole", "rows", "rows with a fault"), sent),
            f"**Rows by feed**, in {last}, and rows with a fault over all months.",
            "",
            *_table(("feed", "id", "rows", "with a fault"), feeds),
            f"**How {last} is spread.**",
            "",
            *_table(("of", "value", "number", "share"), spread),
            f"**Planted faults**, {total:,} in all months, by kind.",
            "",
            *_table(("kind", "stage", "rules that see it", "number"), kinds),
        ]
    )


def put_into(page: Path, text: str) -> None:
    """Replace what stands between the page's marks. Raises ValueError for a page without them."""
    whole = page.read_text(encoding="utf-8")
    before, begun, rest = whole.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise ValueError(
            f"[{page}] has no stretch between [{BEGIN}] and [{END}]; put the two lines where the counts go"
        )
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")
