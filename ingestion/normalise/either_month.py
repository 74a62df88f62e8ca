"""2019.1 in a row: January or October, where the other dates of the row leave one of them only (GEN-20).

What must not be earlier than what, the contract's own rules say. A month is impossible if an error rule about dates
refuses the row with it and not with the other month; then the other is read, and the sender is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.checks import run_checks
from ingestion.columns import Positions, address_of, take_rows
from ingestion.contract import Column, Contract, Kind, Rule
from ingestion.normalise.dates import EitherMonth
from ingestion.normalise.draft import Draft
from ingestion.normalise.problems import shown
from ingestion.table import CellValue, TypedTable

_WORD = re.compile(r"\w+")
_DAYS = frozenset({Kind.DATE, Kind.MONTH, Kind.TIMESTAMP})
_JANUARY, _OCTOBER = 1, 10

Doubt = tuple[int, CellValue, EitherMonth]


def settle_months(draft: Draft, derived: Mapping[str, pa.Array]) -> None:
    """Read or refuse every cell in doubt. ``derived``: further columns that rules may name, such as the birth date."""
    is_learning = bool(draft.doubts)
    while is_learning:  # a month that was settled may settle another one of its row
        is_learning = False
        for name, doubts in draft.doubts.items():
            column = draft.context.contract.by_name[name]
            rules = _rules_on_order(draft.context.contract, column)
            left = _settle(draft, derived, column, rules, doubts) if rules and doubts else doubts
            is_learning |= len(left) < len(doubts) and len(draft.doubts) > 1
            draft.doubts[name] = left
    for name, doubts in draft.doubts.items():
        for position, cell, problem in doubts:
            draft.refuse(position, draft.context.contract.by_name[name], cell, problem)


def _rules_on_order(contract: Contract, column: Column) -> tuple[Rule, ...]:
    """Error rules on single rows that hold the column against another date of the row."""
    dates = {other.name for other in contract.columns if other.kind in _DAYS} | {"birth_from_id"}
    found = []
    for rule in contract.rules:
        named = set(_WORD.findall(f"{rule.when or ''} {rule.expect}")) & dates
        if rule.stage == "row" and rule.severity == "error" and column.name in named and len(named) > 1:
            found.append(rule)
    return tuple(found)


def _settle(
    draft: Draft, derived: Mapping[str, pa.Array], column: Column, rules: Sequence[Rule], doubts: list[Doubt]
) -> list[Doubt]:
    """Take over what the rules leave no choice about; the doubts that stay."""
    january, october = (_refused(draft, derived, column, rules, doubts, month=month) for month in (_JANUARY, _OCTOBER))
    left: list[Doubt] = []
    settled: dict[int, str] = {}
    for position, cell, problem in doubts:
        address = address_of(draft.context.raw.rows, position)
        not_january, not_october = (
            bool(one.get(address, set()) - other.get(address, set()))
            for one, other in ((january, october), (october, january))
        )
        if not_january != not_october:
            settled[position] = f"{problem.year:04d}-{_OCTOBER if not_january else _JANUARY:02d}"
            draft.reopen(position, column.name)
            _tell(draft, position, column, cell, settled[position])
        else:
            left.append((position, cell, problem))
    if settled:
        _take_over(draft, column, settled)
    return left


def _refused(
    draft: Draft,
    derived: Mapping[str, pa.Array],
    column: Column,
    rules: Sequence[Rule],
    doubts: Sequence[Doubt],
    *,
    month: int,
) -> dict[tuple[str, int], set[str]]:
    """Rules that refuse a row in doubt if this month is meant, by address."""
    context = draft.context
    positions: Positions = np.array([position for position, _, _ in doubts], np.int64)
    taken = pa.array(positions)
    columns = {name: values.take(taken) for name, values in (draft.values | dict(derived)).items()}
    columns |= {f"{name}_precision": values.take(taken) for name, values in draft.precisions.items()}
    months = [f"{problem.year:04d}-{month:02d}" for _, _, problem in doubts]
    columns[column.name] = _values(column, months, columns[column.name].type)
    if column.coarser:
        columns[f"{column.name}_precision"] = pa.repeat(pa.scalar("month"), len(months))
    raw = replace(
        context.raw,
        contract=replace(context.contract, rules=tuple(rules)),
        rows=take_rows(context.raw.rows, positions),
        findings=(),
    )
    refused: dict[tuple[str, int], set[str]] = {}
    for finding in run_checks(TypedTable(raw, pa.table(columns), ()), context.period, context.parameters).findings:
        refused.setdefault((finding.sheet, finding.row), set()).add(finding.rule_id)
    return refused


def _values(column: Column, months: Sequence[str], kind: pa.DataType) -> pa.Array:
    if column.kind is Kind.MONTH:
        return pa.array(months, kind)
    return pa.array([date.fromisoformat(f"{month}-01") for month in months], kind)


def _take_over(draft: Draft, column: Column, settled: Mapping[int, str]) -> None:
    flags = np.zeros(draft.size, np.bool_)
    flags[list(settled)] = True
    places = np.zeros(draft.size, np.int64)
    places[list(settled)] = np.arange(len(settled))
    values = _values(column, list(settled.values()), draft.values[column.name].type)
    draft.fill(column.name, flags, values.take(pa.array(places)))
    if column.name in draft.precisions:
        draft.precisions[column.name] = pc.if_else(pa.array(flags), "month", draft.precisions[column.name])


def _tell(draft: Draft, position: int, column: Column, cell: CellValue, month: str) -> None:
    year, number = month.split("-")
    draft.report(
        position,
        "S-18",
        "info",
        columns=(column.name,),
        message=f"“{column.title}”的“{shown(cell, column)}”按本行其他日期读作{year}年{int(number)}月",
    )
