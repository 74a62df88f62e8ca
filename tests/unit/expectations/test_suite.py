"""The suite loader refuses what it does not understand, and names it; the suites we ship are complete."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from expectations.checks import CandidateTable, Check, Subject, resolve
from expectations.figures import failing_sql, row_condition
from expectations.suite import SUITES_DIR, Severity, SuiteError, load_suite, load_suites

GOOD = """
suite: demo
title_zh: 示例
expectations:
  - id: key_present
    expectation: expect_column_values_to_not_be_null
    table: "fct_*"
    having: [household_key]
    kwargs: {column: household_key}
    meta: {rule_id: P-18, severity: block, message_zh: "{table} 缺 {n} 行", fix_zh: 检查}
"""


def write(folder: Path, text: str, name: str = "demo") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("wrong", "right", "complaint"),
    [
        ("expect_column_values_to_not_be_null", "expect_magic", r"entry \[key_present\].*expect_magic"),
        (", fix_zh: 检查", "", r"entry \[key_present\]: meta\.fix_zh"),
        ("severity: block", "severity: fatal", r"meta\.severity"),
        ("rule_id: P-18", "rule_id: X", r"meta\.rule_id"),
        ("kwargs: {column: household_key}", "kwargs: {colum: household_key}", "takes the kwargs"),
        ('table: "fct_*"', "note: nothing", "entry"),
        ("suite: demo", "suite: other", r"must be \[demo\]"),
        ("title_zh: 示例", "", "exactly the entries"),
        ("id: key_present", "id: Key Present", "string_pattern|String should match"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, wrong: str, right: str, complaint: str) -> None:
    assert wrong in GOOD
    with pytest.raises(SuiteError, match=complaint) as caught:
        load_suite(write(tmp_path, GOOD.replace(wrong, right)))
    assert "demo.yaml" in str(caught.value)


def test_an_empty_suite_proves_nothing(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="empty suite"):
        load_suite(write(tmp_path, "suite: demo\ntitle_zh: 示例\nexpectations: []\n"))


def test_an_id_used_twice_is_refused(tmp_path: Path) -> None:
    entry = GOOD.partition("expectations:\n")[2]
    with pytest.raises(SuiteError, match="used twice"):
        load_suite(write(tmp_path, GOOD + entry))


def test_the_suites_we_ship() -> None:
    suites = {suite.name: suite for suite in load_suites()}
    assert len(suites) == 11
    severities = {entry.meta.severity for suite in suites.values() for entry in suite.entries}
    assert severities == set(Severity)


def test_every_rule_of_publication_and_history_is_in_a_suite_or_has_a_reason() -> None:
    catalogue = {f"P-{number:02d}" for number in range(1, 23)} | {f"T-{number:02d}" for number in range(1, 25)}
    elsewhere = yaml.safe_load((SUITES_DIR.parent / "catalogue.yaml").read_text(encoding="utf-8"))
    judged = {rule for suite in load_suites() for entry in suite.entries for rule in entry.meta.rules}
    assert judged | set(elsewhere) == catalogue
    assert judged & set(elsewhere) == set(), "a rule is seen to in one place"
    assert all(len(reason) > 10 for reason in elsewhere.values())


def subject() -> Subject:
    fact = {"household_key": "bigint", "county_code": "text", "period": "text", "note": "text"}
    tables = {
        "dim_month": CandidateTable(
            "dim_month", 1, {"period": "text", "county_code": "text"}, ("period", "county_code")
        ),
        "fct_a": CandidateTable("fct_a", 2, fact, ("household_key", "county_code", "period")),
        "fct_b": CandidateTable("fct_b", 3, {"county_code": "text", "period": "text"}, ()),
    }
    return Subject(1, "530524", "2026-10", tables, "(select 1)")


def resolved(folder: Path, text: str) -> list[Check]:
    return resolve(load_suite(write(folder, text)), subject())


def test_a_glob_takes_the_tables_that_have_the_columns(tmp_path: Path) -> None:
    (check,) = resolved(tmp_path, GOOD)
    assert check.check_id == "key_present[fct_a]"
    assert check.message(3) == "fct_a 缺 3 行。检查"
    assert failing_sql(check) == (
        'select "household_key", "county_code", "period" from "candidate"."fct_a" where "household_key" is null'
    )


def test_a_table_that_is_not_there_is_a_problem_not_a_pass(tmp_path: Path) -> None:
    (check,) = resolved(tmp_path, GOOD.replace('"fct_*"', "fct_missing"))
    assert check.problem == "candidate has no table [fct_missing]"


def test_a_missing_primary_key_is_a_problem(tmp_path: Path) -> None:
    text = GOOD.replace("expect_column_values_to_not_be_null", "expect_compound_columns_to_be_unique")
    text = text.replace("column: household_key", "column_list: $primary_key").replace(
        "    having: [household_key]\n", ""
    )
    problems = {check.table: check.problem for check in resolved(tmp_path, text)}
    assert problems == {"fct_a": None, "fct_b": "[fct_b] has no primary key"}


def test_tokens_are_filled_in_as_literals(tmp_path: Path) -> None:
    text = GOOD.replace("expect_column_values_to_not_be_null", "unexpected_rows_expectation").replace(
        "{column: household_key}",
        '{unexpected_rows_query: "select 1::int from {batch} cross join lateral :text_cells as cell (n, v) '
        "where period <> :period and :table <> '' and :build_id > 0\"}",
    )
    (check,) = resolved(tmp_path, text)
    assert check.kwargs["unexpected_rows_query"] == (
        "select 1::int from {batch} cross join lateral (values ('county_code', checked.\"county_code\"::text), "
        "('period', checked.\"period\"::text), ('note', checked.\"note\"::text)) as cell (n, v) "
        "where period <> '2026-10' and 'fct_a' <> '' and 1 > 0"
    )


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ("select a, b from {batch} where a <> 'x' and b ~ '[0-9]{{2}}'", "(a <> 'x' and b ~ '[0-9]{2}')"),
        ("select distinct a from {batch} where a > 0", None),
        ("select a from {batch} as t where t.a > 0", None),
        ("select a from {batch} where a in (select 1)", None),
        ("select a from {batch} where a > 0 limit 1", None),
        ("select a from {batch} where a > 0 group by a", None),
        ("select count(*) from {batch} where a > 0", None),
        ("select a from {batch} join t using (a) where a > 0", None),
    ],
)
def test_only_a_question_about_rows_joins_the_one_scan(tmp_path: Path, query: str, condition: str | None) -> None:
    text = GOOD.replace("expect_column_values_to_not_be_null", "unexpected_rows_expectation").replace(
        "{column: household_key}", '{unexpected_rows_query: "' + query + '"}'
    )
    (check,) = resolved(tmp_path, text)
    assert row_condition(check) == condition


def test_all_text_of_a_row_is_one_line_a_column(tmp_path: Path) -> None:
    text = GOOD.replace("expect_column_values_to_not_be_null", "unexpected_rows_expectation").replace(
        "{column: household_key}",
        "{unexpected_rows_query: \"select note from {batch} where :text_line_but_no(11) ~ '9'\"}",
    )
    (check,) = resolved(tmp_path, text)
    cells = ", ".join(
        f'case when length("{name}"::text) >= 11 then "{name}"::text end' for name in ("county_code", "period", "note")
    )
    assert row_condition(check) == f"(concat_ws(chr(10), {cells}) ~ '9')"
