"""Every signal, list and rule over months says what its cases say: rendered from their macro, asked in one query."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hearth.database import Role, connect
from hearth.settings import Settings
from ingestion.reference_tables import CSV_TABLES, csv_rows
from tests.integration.dbt.rendering import returned

BOOK: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("outlook_cases.yaml").read_text(encoding="utf-8"))
MACROS = {"signals": "signal_rules", "lists": "support_lists", "history": "history_rules"}
OVER_ROWS = {"T-06", "T-07", "T-08", "T-10", "T-14"}
"""About incomes, days and households of a village together: fct_village_question, its unit test."""


def rules(part: str) -> dict[str, dict[str, Any]]:
    """The rules of a part by id."""
    found, _ = returned(MACROS[part], "outlook_rules")
    return {rule["id"]: rule for rule in found}


def worded(part: str, rule: dict[str, Any], outcome: str) -> str:
    """SQL of what a rule says, in the words of the cases."""
    if part == "signals":
        if outcome in ("red", "yellow"):
            return f"case when {rule['red']} then 'red' else 'yellow' end"
        return f"case when {rule['fires']} then 'fires' else 'quiet' end"
    if part == "lists":
        return (
            f"case when not coalesce({rule['scope']}, false) then 'na' when ({rule['verdict']}) is null then 'unknown'"
            f" when {rule['verdict']} then 'candidate' else 'not_candidate' end"
        )
    return (
        f"case when not coalesce({rule['judged']}, false) then 'not_judged' when {rule['fails']} then 'fails'"
        " else 'passes' end"
    )


def questions(part: str) -> Iterator[tuple[str, list[Any]]]:
    """One select a case: rule, outcome, number of the case, what the rule says."""
    columns = {name: kind for kind, names in BOOK["types"].items() for name in names}
    cells = ", ".join(f"%s::{kind} as {name}" for name, kind in columns.items())
    found = rules(part)
    for rule_id, outcomes in BOOK[part].items():
        for outcome, changes in outcomes.items():
            for number, change in enumerate(changes):
                row = BOOK["base"] | change
                assert row.keys() <= columns.keys(), row.keys() - columns.keys()
                asked = worded(part, found[rule_id], outcome).replace("%", "%%")
                yield (
                    f"select '{rule_id}', '{outcome}', {number}, {asked} from (select {cells}) as facts",
                    [row.get(name) for name in columns],
                )


@pytest.mark.parametrize("part", MACROS)
def test_each_says_what_its_cases_say(warehouse: Settings, part: str) -> None:
    asked = list(questions(part))
    query = " union all ".join(text for text, _ in asked)
    with connect(Role.BUILDER) as connection:
        said = connection.execute(query.encode(), [value for _, values in asked for value in values]).fetchall()
    assert [row for row in said if row[1] != row[3]] == []
    assert len(said) == len(asked)


def test_all_of_the_catalogue_are_asked_or_say_why_not() -> None:
    (table,) = [table for table in CSV_TABLES if table.name == "rule"]
    names = [name for name, _, _ in table.columns]
    catalogue = [dict(zip(names, row, strict=True)) for row in csv_rows(table)]
    for part, families in {"signals": "W", "lists": "EX", "history": "T"}.items():
        asked = set(rules(part))
        assert set(BOOK[part]) == asked
        wanted = {row["rule_id"] for row in catalogue if row["family"] in families and not row["not_judged_because"]}
        assert wanted - OVER_ROWS == asked
    assert {row["rule_id"] for row in catalogue if row["family"] == "W"} == {f"W-{n:02d}" for n in range(1, 13)}
    assert {row["rule_id"] for row in catalogue if row["family"] in "EX"} == {
        *(f"E{n}" for n in range(1, 6)),
        *(f"X{n}" for n in range(1, 5)),
    }
