"""Every rule of every contract runs on DuckDB and says what it should of a passing, an empty and a failing row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from hearth.period import Period
from ingestion.contract import Contract, Kind, Rule, contracts
from ingestion.reference_data import parameters

CASES = Path(__file__).parent / "rule_cases"
PERIOD = Period(2026, 10)
KINDS = ("pass", "empty", "fail")
VERDICTS = {True: "pass", False: "fail", None: "null"}
TYPES: Mapping[Kind, str] = {
    Kind.INT: "bigint",
    Kind.YEAR: "bigint",
    Kind.DECIMAL: "decimal(14, 2)",
    Kind.BOOL: "boolean",
    Kind.DATE: "date",
    Kind.TIMESTAMP: "timestamp",
    Kind.ID_LIST: "varchar[]",
    Kind.CODE_LIST: "varchar[]",
}
DERIVED = {"birth_from_id": "date", "sex_from_id": "varchar", "age": "bigint", "id_link": "varchar"}


def layout(contract: Contract) -> dict[str, str]:
    """Columns of the typed row a rule sees, with their DuckDB types."""
    found = {column.name: TYPES.get(column.kind, "varchar") for column in contract.columns}
    found |= {f"{column.name}_precision": "varchar" for column in contract.columns if column.coarser}
    return found | DERIVED


@cache
def engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def judge(contract: Contract, rule: Rule, rows: list[Mapping[str, Any]]) -> str | None:
    """The verdict on the first row: pass, fail, null (not judged), na; None without rows."""
    types = layout(contract)
    if unknown := {name for row in rows for name in row} - types.keys():
        raise ValueError(f"[{rule.rule_id}] case names unknown columns {sorted(unknown)}")
    database = engine()
    database.execute(
        f"create or replace table rows (n bigint, {', '.join(f'{name} {kind}' for name, kind in types.items())})"
    )
    for number, row in enumerate(rows):
        marks = ", ".join(f"cast(? as {types[name]})" for name in row)
        names = "".join(f", {name}" for name in row)
        values = [json.dumps(value) if isinstance(value, list) else value for value in row.values()]
        database.execute(f"insert into rows (n{names}) values (?{', ' * bool(row)}{marks})", [number, *values])
    context = {"period": str(PERIOD), "month_start": PERIOD.first_day, "month_end": PERIOD.last_day}
    known = parameters(PERIOD.last_day)
    sources = (
        f"(select {', '.join(f'? as {name}' for name in context)}, ? as report_year) as c",
        f"(select {', '.join(f'? as {name}' for name in known)}) as p",
    )
    found = database.execute(
        f"select {rule.when or 'true'}, {rule.expect} from rows, {', '.join(sources)} order by n",
        [*context.values(), PERIOD.year, *known.values()],
    ).fetchone()
    if found is None:
        return None
    when, expect = found
    if when is not True:
        return "na" if when is False else "null"
    return "fail" if expect is None and rule.nulls == "fail" else VERDICTS[expect]


def cases(contract: Contract) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((CASES / f"{contract.feed_id}.yaml").read_text(encoding="utf-8"))
    return read


def all_rules() -> list[Any]:
    return [
        pytest.param(contract, rule, id=f"{contract.feed_id}-{rule.rule_id}")
        for contract in contracts().values()
        for rule in contract.rules
    ]


@pytest.mark.parametrize(("contract", "rule"), all_rules())
def test_rule_runs_on_an_empty_table(contract: Contract, rule: Rule) -> None:
    assert judge(contract, rule, []) is None


@pytest.mark.parametrize(("contract", "rule"), all_rules())
def test_rule_has_all_kinds_of_cases(contract: Contract, rule: Rule) -> None:
    case = cases(contract)[rule.rule_id]
    missing = [kind for kind in KINDS if kind not in case]
    assert missing == [] or (missing == ["empty"] and case["no_empty"])
    if "no_empty" in case:
        demanded = [contract.by_name[name].demand for name in rule.columns if name in contract.by_name]
        assert {demand.value for demand in demanded} <= {"key", "value"}, "an empty cell can reach this rule"


@pytest.mark.parametrize(("contract", "rule"), all_rules())
def test_rule_says_what_it_should(contract: Contract, rule: Rule) -> None:
    every = cases(contract)
    case = every[rule.rule_id]
    wanted = {"pass": "pass", "fail": "fail", "na": "na"}
    wanted["empty"] = case.get("empty_gives", "fail" if rule.nulls == "fail" else "null")
    for kind in wanted.keys() & case.keys():
        rows = case[kind] if isinstance(case[kind], list) else [case[kind]]
        told = judge(contract, rule, [every["base"] | row for row in rows])
        assert told == wanted[kind], f"{rule.rule_id} {kind}"


def test_no_case_without_a_rule() -> None:
    for contract in contracts().values():
        assert cases(contract).keys() - {"base"} == {rule.rule_id for rule in contract.rules}
