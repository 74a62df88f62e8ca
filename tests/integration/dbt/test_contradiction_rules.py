"""Every rule between departments passes, fails, is not judged and is out of scope where its cases say so.

The rules are rendered from their macro and asked of typed rows: all of them in one query, without a dbt run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from expectations.suite import SUITES_DIR
from hearth.database import Role, connect
from hearth.settings import Settings
from ingestion.reference_tables import CSV_TABLES, csv_rows
from ingestion.rules import RULES_ROOT
from tests.integration.dbt.rendering import macros, returned

CASES: dict[str, dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("contradiction_cases.yaml").read_text(encoding="utf-8")
)
ELSEWHERE = {
    "XD-01": "about a row that reaches nobody: int_xd_row, test_build",
    "XD-02": "likewise",
    "XD-03": "likewise",
    "XD-48": "about a scheme: int_xd_scheme, test_build",
}
Rule = dict[str, Any]


def rules(subject: str) -> tuple[list[Rule], Any]:
    """The rules of a subject, and the macro that words a rule's result."""
    name = f"{subject}_rules"
    given = {
        "var": {"period": "2026-06"}.__getitem__,
        "register_rules": lambda: returned("register_rules", "register_rules")[0],
    }
    found, module = returned(name, "months", "versions", "contradictions", name, **given)
    return found, module["judged"]


def answers(subject: str) -> dict[tuple[str, str], str]:
    """(Rule, expected result) -> what the rule says of the case."""
    found, judged = rules(subject)
    case = CASES[subject]
    columns = {name: kind for kind, names in case["types"].items() for name in names}
    asked = {rule["id"]: judged(rule) for rule in found}
    queries, values = [], []
    for rule_id, outcomes in case["cases"].items():
        for expected, change in outcomes.items():
            row = case["base"] | change
            assert row.keys() <= columns.keys(), row.keys() - columns.keys()
            cells = ", ".join(f"%s::{kind} as {name}" for name, kind in columns.items())
            values += [row.get(name) for name in columns]
            queries.append(f"select '{rule_id}', '{expected}', {asked[rule_id]} from (select {cells}) as facts")
    with connect(Role.BUILDER) as connection:
        query = " union all ".join(part.replace("%", "%%").replace("%%s", "%s") for part in queries)
        return {(rule, expected): said for rule, expected, said in connection.execute(query.encode(), values)}


@pytest.mark.parametrize("subject", CASES)
def test_each_rule_says_what_its_cases_say(warehouse: Settings, subject: str) -> None:
    wrong = {case: said for case, said in answers(subject).items() if said != case[1]}
    assert wrong == {}


@pytest.mark.parametrize("subject", CASES)
def test_each_rule_has_a_case_of_every_kind(subject: str) -> None:
    assert set(CASES[subject]["cases"]) == {rule["id"] for rule in rules(subject)[0]}
    kinds = {tuple(sorted(outcomes)) for outcomes in CASES[subject]["cases"].values()}
    assert kinds == {("fail", "na", "null", "pass")}


def test_every_rule_of_the_catalogue_is_judged_or_says_why_not() -> None:
    (table,) = [table for table in CSV_TABLES if table.name == "rule"]
    names = [name for name, _, _ in table.columns]
    catalogue = [dict(zip(names, row, strict=True)) for row in csv_rows(table)]
    between = {row["rule_id"]: row for row in catalogue if row["family"] in {"XD", "H", "R"}}
    assert {rule_id for rule_id in between if rule_id.startswith("XD")} == {f"XD-{n:02d}" for n in range(1, 58)}
    intake = yaml.safe_load((RULES_ROOT / "elsewhere.yaml").read_text(encoding="utf-8"))
    assert {rule_id for rule_id in between if not rule_id.startswith("XD")} == {
        rule_id for rule_id, reason in intake.items() if "Judged when the month is built" in reason
    }
    judged = {rule["id"] for subject in CASES for rule in rules(subject)[0]} | ELSEWHERE.keys()
    unjudged = {rule_id for rule_id, row in between.items() if row["not_judged_because"]}
    assert judged == between.keys() - unjudged
    assert judged & unjudged == set()


def test_whom_an_entry_is_about_never_looks_like_an_identity_card(warehouse: Settings) -> None:
    """Of many thousand keys some do; the gate then stopped the month over a number of our own."""
    suite = yaml.safe_load((SUITES_DIR / "privacy.yaml").read_text(encoding="utf-8"))
    (query,) = [
        one["kwargs"]["unexpected_rows_query"] for one in suite["expectations"] if one["id"] == "no_identity_number"
    ]
    pattern = query.split(" ~ '", 1)[1].rstrip().removesuffix("'").replace("{{", "{").replace("}}", "}")
    bare = "520099199001011234"
    about = macros("contradictions")["subject_no"](bare, bare)
    with connect(Role.BUILDER) as connection:
        said = connection.execute(f"select '{bare}' ~ %s, {about} ~ %s".encode(), [pattern, pattern]).fetchone()
    assert said == (True, False)
