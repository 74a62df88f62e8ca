"""Rules of a contract over the typed rows of one file: one DuckDB query per feed, every row, no sampling.

A rule reads ``IF when: expect``. Its result per row is one of four:

========================  ===========================================================
passed                    ``expect`` is true
failed                    ``expect`` is false, or null where the rule says ``nulls: fail``
not judged                ``when`` is null, or ``expect`` is null where the rule says ``nulls: skip``
not applicable            ``when`` is false
========================  ===========================================================

Rows that reading or typing already rejected are not judged again. A household rule is not judged for a household of
which a row was rejected: its verdict would blame the clerk twice for one mistake.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearth.period import Period
from ingestion.columns import address_of, flags_at
from ingestion.contract import Contract, Kind, Privacy, Rule
from ingestion.table import Finding, TypedTable

Parameter = Decimal | str | int

_HOUSEHOLD_COLUMN = "household_no"
_HOUSEHOLD_STAGE = "household"
_WORD = re.compile(r"\w+")
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_ARROW_TYPES: Mapping[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.ID: pa.string(),
    Kind.ID_LIST: pa.list_(pa.string()),
    Kind.INT: pa.int64(),
    Kind.DECIMAL: pa.decimal128(14, 2),
    Kind.BOOL: pa.bool_(),
    Kind.DATE: pa.date32(),
    Kind.TIMESTAMP: pa.timestamp("us"),
    Kind.MONTH: pa.string(),
    Kind.YEAR: pa.int64(),
    Kind.CODE: pa.string(),
    Kind.CODE_LIST: pa.list_(pa.string()),
}


class Outcome(IntEnum):
    """What one rule says of one row."""

    PASSED = 0
    FAILED = 1
    NOT_JUDGED = 2
    NOT_APPLICABLE = 3


@dataclass(frozen=True, slots=True)
class RuleResult:
    """Counts of one rule over one file; the four add up to the rows that were looked at."""

    rule_id: str
    stage: str
    severity: str
    passed: int
    failed: int
    not_judged: int
    not_applicable: int


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Of all rules of the contract: counts, and one finding per failing row and rule, in row order."""

    results: tuple[RuleResult, ...]
    findings: tuple[Finding, ...]


def error_rows(findings: Iterable[Finding]) -> set[tuple[str, int]]:
    """Addresses (sheet, row) of the rows that an error rejects. Row 0 addresses the file, not a row."""
    return {(finding.sheet, finding.row) for finding in findings if finding.severity == "error" and finding.row > 0}


def fill_text(template: str, values: Mapping[str, object]) -> str:
    """Put ``values`` in for ``{name}``; a name without a value becomes an ellipsis, never a brace before a clerk."""

    def replacement(match: re.Match[str]) -> str:
        value = values.get(match[1])
        return "…" if value is None else str(value)

    return _PLACEHOLDER.sub(replacement, template)


def titles(contract: Contract, names: Iterable[str]) -> str:
    """Chinese titles of columns, as one phrase."""
    known = contract.by_name
    return "、".join(known[name].title if name in known else name for name in names)


def _single_row(values: Mapping[str, Parameter]) -> pa.Table:
    """Parameters as a table of one row; whole numbers as integers, so that products of them stay exact and small."""
    return pa.table({name: [_whole(value)] for name, value in values.items()} or {"none": [0]})


def _whole(value: Parameter) -> Parameter:
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value


def _context(period: Period) -> pa.Table:
    return pa.table(
        {
            "period": [str(period)],
            "month_start": [period.first_day],
            "month_end": [period.last_day],
            "report_year": [period.year],
        }
    )


def _prepare(typed: TypedTable, rules: Sequence[Rule]) -> pa.Table:
    """The columns that rules name, with each row's position, whether it may be judged, and its household is whole.

    A contract column that the file does not have is null: a rule that names it is then null.
    """
    data = typed.data
    rows = typed.raw.rows
    if len(rows) != data.num_rows:
        raise ValueError(f"typed table has [{data.num_rows}] rows for [{len(rows)}] rows read; they must correspond")
    rejected = flags_at(rows, error_rows(typed.findings))
    columns = {name: _column(data, typed.raw.contract, name) for name in _named(typed, rules)}
    whole: Any = pa.repeat(True, len(rows))
    if _HOUSEHOLD_COLUMN in data.column_names and rejected.any():
        household = data.column(_HOUSEHOLD_COLUMN)
        broken = household.filter(pa.array(rejected)).drop_null()
        whole = pc.invert(pc.is_in(household, value_set=broken.combine_chunks()))
    positions = pa.array(np.arange(len(rows), dtype=np.int32))
    return pa.table({**columns, "__row": positions, "__sound": pa.array(~rejected), "__whole": whole})


def _named(typed: TypedTable, rules: Sequence[Rule]) -> list[str]:
    """Columns of the typed row that a rule may name: all whose name stands in one as a word."""
    words = set(_WORD.findall(" ".join(f"{rule.when or ''} {rule.expect}" for rule in rules)))
    absent = [column.name for column in typed.raw.contract.columns]
    absent += [f"{column.name}_precision" for column in typed.raw.contract.columns if column.coarser]
    return [name for name in dict.fromkeys([*typed.data.column_names, *absent]) if name in words]


def _column(data: pa.Table, contract: Contract, name: str) -> Any:
    if name in data.column_names:
        return data.column(name)
    column = contract.by_name.get(name)
    return pa.nulls(data.num_rows, pa.string() if column is None else _ARROW_TYPES[column.kind])


def _query(rules: Sequence[Rule]) -> str:
    """SQL that gives ``__row`` and one outcome ``r<i>`` per rule. Expressions come from contracts, never from files."""
    judged = ", ".join(
        f"({rule.when or 'true'})::boolean as w{index}, ({rule.expect})::boolean as e{index}"
        for index, rule in enumerate(rules)
    )
    outcomes = ", ".join(
        "(case "
        + (f"when not __whole then {Outcome.NOT_JUDGED} " if rule.stage == _HOUSEHOLD_STAGE else "")
        + f"when w{index} is null then {Outcome.NOT_JUDGED} when not w{index} then {Outcome.NOT_APPLICABLE} "
        + f"when e{index} is null then {Outcome.FAILED if rule.nulls == 'fail' else Outcome.NOT_JUDGED} "
        + f"when e{index} then {Outcome.PASSED} else {Outcome.FAILED} end)::tinyint as r{index}"
        for index, rule in enumerate(rules)
    )
    return (
        "with base as materialized (select typed.*, context as c, parameters as p from typed, context, parameters"
        f" where typed.__sound), judged as (select __row, __whole, {judged} from base)"
        f" select __row, {outcomes} from judged"
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    """Of each rule: how many rows had which outcome, and the positions of those that failed."""

    counts: Mapping[int, Counter[int]]
    failed: Mapping[int, list[int]]


def _judge(data: pa.Table, rules: Sequence[Rule], period: Period, parameters: Mapping[str, Parameter]) -> _Judged:
    """All rules in one pass; only what failed leaves the engine."""
    # A rule sees the tables registered here and nothing else: no file, no variable of this program.
    config: dict[str, str | bool | int | float | list[str]] = {
        "enable_external_access": "false",
        "python_enable_replacements": "false",
        "preserve_insertion_order": "false",
        "threads": "2",
    }
    named = set(_WORD.findall(" ".join(f"{rule.when or ''} {rule.expect}" for rule in rules)))
    tallies = ", ".join(
        f"count(*) filter (where r{index} = {outcome.value})" for index in range(len(rules)) for outcome in Outcome
    )
    with duckdb.connect(":memory:", config=config) as engine:
        engine.register("typed", data)
        engine.register("context", _context(period))
        engine.register("parameters", _single_row({name: parameters[name] for name in parameters if name in named}))
        engine.execute(f"create temp table outcomes as {_query(rules)}")
        row = engine.execute(f"select {tallies} from outcomes").fetchone() or ()
        counts = {
            index: Counter({outcome.value: row[index * len(Outcome) + outcome.value] for outcome in Outcome})
            for index in range(len(rules))
        }
        failed = {
            index: sorted(
                engine.execute(f"select __row from outcomes where r{index} = {Outcome.FAILED.value}")
                .fetchnumpy()["__row"]
                .tolist()
            )
            for index in range(len(rules))
            if counts[index][Outcome.FAILED]
        }
    return _Judged(counts, failed)


def _check_nulls_words(rules: Sequence[Rule]) -> None:
    for rule in rules:
        if rule.nulls not in {"skip", "fail"}:
            raise ValueError(f"rule [{rule.rule_id}]: nulls is [{rule.nulls}]; write skip or fail")


def run_checks(typed: TypedTable, period: Period, parameters: Mapping[str, Parameter]) -> CheckResult:
    """Judge every sound row by every rule of the contract.

    ``parameters`` are the thresholds in force at the end of the period, by code. Raises duckdb.Error
    when a rule does not parse or names an unknown column or parameter: that is a fault of the contract.
    """
    rules = typed.raw.contract.rules
    if not rules:
        return CheckResult((), ())
    _check_nulls_words(rules)
    judged = _judge(_prepare(typed, rules), rules, period, parameters)
    results: list[RuleResult] = []
    failing: dict[int, list[Rule]] = defaultdict(list)
    for index, rule in enumerate(rules):
        counts = judged.counts[index]
        results.append(
            RuleResult(
                rule.rule_id,
                rule.stage,
                rule.severity,
                passed=counts[Outcome.PASSED],
                failed=counts[Outcome.FAILED],
                not_judged=counts[Outcome.NOT_JUDGED],
                not_applicable=counts[Outcome.NOT_APPLICABLE],
            )
        )
        for position in judged.failed.get(index, ()):
            failing[position].append(rule)
    return CheckResult(tuple(results), _findings(typed, failing, parameters))


def _findings(
    typed: TypedTable, failing: Mapping[int, Sequence[Rule]], parameters: Mapping[str, Parameter]
) -> tuple[Finding, ...]:
    contract = typed.raw.contract
    open_names = [
        name
        for name in typed.data.column_names
        if name not in contract.by_name or contract.by_name[name].privacy is not Privacy.DIRECT
    ]
    order = sorted(failing)
    values = typed.data.select(open_names).take(pa.array(order, pa.int64())).to_pylist() if order else []
    found: list[Finding] = []
    for position, cells in zip(order, values, strict=True):
        sheet, row = address_of(typed.raw.rows, position)
        for rule in failing[position]:
            words = {**parameters, **cells, "column": titles(contract, rule.columns)}
            found.append(
                Finding(
                    rule_id=rule.rule_id,
                    stage=rule.stage,
                    severity=rule.severity,
                    sheet=sheet,
                    row=row,
                    columns=rule.columns,
                    message=fill_text(rule.message, words),
                    fix=fill_text(rule.fix, words),
                )
            )
    return tuple(found)


def summarise_findings(findings: Iterable[Finding], row_count: int) -> tuple[RuleResult, ...]:
    """Counts of the rules that reading and typing apply, which only report what they found fault with.

    One line per rule; a rule that found errors and warnings counts as an error.
    """
    rows: dict[str, set[tuple[str, int]]] = defaultdict(set)
    kinds: dict[str, tuple[str, str]] = {}
    for finding in findings:
        if finding.row > 0:
            rows[finding.rule_id].add((finding.sheet, finding.row))
            if finding.rule_id not in kinds or finding.severity == "error":
                kinds[finding.rule_id] = (finding.stage, finding.severity)
    return tuple(
        RuleResult(rule_id, *kinds[rule_id], row_count - len(failed), len(failed), 0, 0)
        for rule_id, failed in rows.items()
    )
