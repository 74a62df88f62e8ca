"""What a rule says of a row: passed, failed, not judged, not applicable."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from hearth.period import Period
from ingestion.checks import RuleResult, error_rows, fill_text, run_checks, summarise_findings
from ingestion.contract import SQL_TYPES, Column, Contract, Demand, Header, Kind, Privacy, Rule
from ingestion.table import Finding, RawRow, RawTable, TypedTable

PERIOD = Period(2026, 10)


def column(name: str, kind: Kind = Kind.TEXT, *, title: str | None = None, vault_kind: str | None = None) -> Column:
    return Column(
        name=name,
        title=title or name,
        description=name,
        kind=kind,
        demand=Demand.OPTIONAL,
        privacy=Privacy.DIRECT if vault_kind else Privacy.QUASI,
        headers=(Header(title or name),),
        physical_type=SQL_TYPES[kind],
        vault_kind=vault_kind,
    )


def rule(expect: str, when: str | None = None, nulls: str = "skip", **changes: Any) -> Rule:
    values: dict[str, Any] = {
        "rule_id": "R-T-01",
        "stage": "row",
        "severity": "error",
        "dimension": "consistency",
        "description": "test",
        "expect": expect,
        "when": when,
        "nulls": nulls,
        "message": "{column}不对",
        "fix": "请改正",
        "columns": ("amount",),
    }
    return Rule(**(values | changes))


COLUMNS = (
    column("household_no", Kind.ID),
    column("id_number", Kind.ID, vault_kind="id_number"),
    column("amount", Kind.DECIMAL, title="金额"),
    column("is_head", Kind.BOOL),
    column("started_month", Kind.MONTH),
    column("cause_code", Kind.CODE_LIST),
)


def contract(rules: Sequence[Rule]) -> Contract:
    return Contract(
        department="office",
        feed="paper",
        version="1.0.0",
        title="样表",
        department_title="样本单位",
        description="",
        grain="",
        semantics="snapshot",
        absence="",
        due_day=8,
        rejection_share=0.1,
        volume="",
        nil_allowed=False,
        file_prefixes=("样表",),
        row_filter=None,
        columns=COLUMNS,
        rules=tuple(rules),
    )


def table(rules: Sequence[Rule], cells: dict[str, list[Any]], findings: Sequence[Finding] = ()) -> TypedTable:
    count = len(next(iter(cells.values())))
    rows = tuple(RawRow("Sheet1", number + 2, {}) for number in range(count))
    raw = RawTable(contract(rules), {}, frozenset(), {}, {}, (), rows, 0, ())
    return TypedTable(raw, pa.table(cells), tuple(findings))


def judge(one: Rule, cells: dict[str, list[Any]], **parameters: Decimal | str) -> RuleResult:
    return run_checks(table([one], cells), PERIOD, parameters).results[0]


AMOUNTS: dict[str, list[Any]] = {"amount": [Decimal("5.00"), Decimal("-1.00"), None], "is_head": [True, True, True]}


def test_null_is_not_judged_when_the_rule_skips_nulls() -> None:
    assert judge(rule("amount >= 0"), AMOUNTS) == RuleResult("R-T-01", "row", "error", 1, 1, 1, 0)


def test_null_fails_when_the_rule_says_so() -> None:
    assert judge(rule("amount >= 0", nulls="fail"), AMOUNTS) == RuleResult("R-T-01", "row", "error", 1, 2, 0, 0)


def test_false_condition_is_not_applicable_and_null_condition_never_judged() -> None:
    cells: dict[str, list[Any]] = {
        "amount": [Decimal(-1), Decimal(-1), Decimal(-1), None],
        "is_head": [True, False, None, True],
    }
    assert judge(rule("amount >= 0", "is_head", nulls="fail"), cells) == RuleResult(
        "R-T-01", "row", "error", passed=0, failed=2, not_judged=1, not_applicable=1
    )


def test_column_that_the_file_lacks_is_null() -> None:
    assert judge(rule("started_month <= c.period"), AMOUNTS).not_judged == 3
    assert judge(rule("list_contains(cause_code, '01')", nulls="fail"), AMOUNTS).failed == 3


@pytest.mark.parametrize(
    ("expect", "passed"),
    [
        ("c.period = '2026-10'", 3),
        ("c.month_start = date '2026-10-01' and c.month_end = date '2026-10-31'", 3),
        ("c.report_year = 2026", 3),
        ("amount <= p.tol", 1),
        ("p.label = 'x'", 3),
        ("count(*) over (partition by is_head) = 3", 3),
        ("amount * 4 * p.tol <= p.rate * 100000", 2),
    ],
)
def test_context_parameters_and_windows(expect: str, passed: int) -> None:
    parameters: dict[str, Decimal | str] = {"tol": Decimal(1), "rate": Decimal("0.05"), "label": "x"}
    assert judge(rule(expect), AMOUNTS, **parameters).passed == passed


def test_unknown_parameter_is_a_fault_of_the_contract() -> None:
    with pytest.raises(duckdb.BinderException):
        judge(rule("amount <= p.absent"), AMOUNTS, tol=Decimal(1))


def test_rules_cannot_reach_files() -> None:
    with pytest.raises(duckdb.Error, match="disabled"):
        judge(rule("(select count(*) from read_csv('/etc/hostname')) > 0"), AMOUNTS)


def test_unknown_nulls_word_is_refused() -> None:
    with pytest.raises(ValueError, match=r"R-T-01.*\[ignore\]"):
        judge(rule("amount >= 0", nulls="ignore"), AMOUNTS)


def unread(row: int) -> Finding:
    return Finding("S-07", "schema", "error", "Sheet1", row, ("amount",), "“{x}”不是数字", "请改正")


def test_rows_rejected_before_are_left_out_also_of_windows() -> None:
    typed = table([rule("count(*) over () = 2")], AMOUNTS, [unread(3)])
    assert run_checks(typed, PERIOD, {}).results[0].passed == 2


def test_household_rule_is_not_judged_for_a_household_with_a_rejected_row() -> None:
    cells: dict[str, list[Any]] = {
        "household_no": ["A", "A", "B", None],
        "is_head": [True, False, False, False],
        "amount": [None, None, None, None],
    }
    one_head = rule(
        "count(*) filter (where is_head) over (partition by household_no) = 1",
        stage="household",
        rule_id="H-T-01",
        when="household_no is not null",
    )
    result = run_checks(table([one_head], cells, [unread(2)]), PERIOD, {})
    assert result.results[0] == RuleResult("H-T-01", "household", "error", 0, 1, 1, 1)
    assert [finding.row for finding in result.findings] == [4]


def test_every_failing_row_is_listed_with_filled_text_and_without_direct_values() -> None:
    cells: dict[str, list[Any]] = {
        "amount": [Decimal(-number) for number in range(1, 501)],
        "id_number": ["520099199001010011"] * 500,
    }
    one = rule("amount >= 0", message="{column}为{amount}，证件{id_number}，上限{limit}", fix="请改{unknown}")
    result = run_checks(table([one], cells), PERIOD, {"limit": Decimal(9)})
    assert [finding.row for finding in result.findings] == list(range(2, 502))
    assert result.findings[0].message == "金额为-1，证件…，上限9"
    assert result.findings[0].fix == "请改…"


def test_findings_of_reading_are_counted_once_a_rule() -> None:
    warning = Finding("S-07", "schema", "warning", "Sheet1", 4, ("amount",), "", "")
    note = Finding("S-03", "schema", "info", "Sheet1", 0, (), "", "")
    assert summarise_findings([warning, unread(2), unread(2), unread(3), note], 10) == (
        RuleResult("S-07", "schema", "error", 7, 3, 0, 0),
    )
    assert error_rows([warning, unread(2), note]) == {("Sheet1", 2)}


def test_no_rules_no_query() -> None:
    assert run_checks(table([], AMOUNTS), PERIOD, {}).results == ()


def test_text_without_value_shows_an_ellipsis() -> None:
    assert fill_text("{a}和{b}", {"a": 1}) == "1和…"
