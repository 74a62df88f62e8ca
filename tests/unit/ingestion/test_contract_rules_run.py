"""Every rule of every contract is SQL that runs over that contract's columns and the parameters in force."""

from __future__ import annotations

import pyarrow as pa
import pytest

from hearth.period import Period
from ingestion.checks import run_checks
from ingestion.contract import contracts
from ingestion.reference_data import parameters
from ingestion.table import RawRow, RawTable, TypedTable

DERIVED = {
    "birth_from_id": pa.date32(),
    "sex_from_id": pa.string(),
    "age": pa.int64(),
    "id_link": pa.string(),
}


@pytest.mark.parametrize("feed_id", list(contracts()))
def test_rules_run_on_an_empty_row(feed_id: str) -> None:
    contract, period = contracts()[feed_id], Period(2026, 10)
    data = pa.table({name: pa.nulls(1, kind) for name, kind in DERIVED.items()})
    raw = RawTable(contract, {}, frozenset(), {}, {}, (), (RawRow("Sheet1", 2, {}),), 0, ())
    checked = run_checks(TypedTable(raw, data, ()), period, parameters(period.last_day, "530524"))
    assert [result.rule_id for result in checked.results] == [rule.rule_id for rule in contract.rules]
    for result in checked.results:
        assert result.passed + result.failed + result.not_judged + result.not_applicable == 1
