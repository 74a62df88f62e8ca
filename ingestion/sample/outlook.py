"""Early-warning signals and candidates: of which households they speak truly, and by what was accepted.

The queries stand in ``outlook.yaml`` and are put to the tables of the indicators (``indicators.py``); they know nothing
of the warehouse's SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import yaml

_YAML = Path(__file__).parent / "outlook.yaml"

SIGNAL_COLUMNS: Mapping[str, Any] = {
    "period": pa.string(),
    "signal_id": pa.string(),
    "household_no": pa.string(),
    "is_true": pa.bool_(),
    "is_expected": pa.bool_(),
}
CANDIDATE_COLUMNS: Mapping[str, Any] = {
    "period": pa.string(),
    "list_id": pa.string(),
    "household_no": pa.string(),
    "true_verdict": pa.string(),
    "expected_verdict": pa.string(),
}

README = """\
- `signals.parquet`, one row per early-warning signal (W-01 to W-12), household and month in which it fires: by true
  rows (`is_true`), by the accepted ones (`is_expected`), or both. Of W-01 only the household's share; what looks back
  looks at the months that the key has and at no others.
- `candidates.parquet`, one row per list (E1, E2 of register households, E3, E5, X2), household and month: `candidate`
  or `unknown` by the true rows, by the accepted ones, or by both; null: neither, or not in the list's scope. E4, X1 and
  X4 hang on open contradictions, of which the key has no complete list, X3 on a poverty line that no table has.
"""


@cache
def _book() -> Mapping[str, Mapping[str, str]]:
    book: Mapping[str, Mapping[str, str]] = yaml.safe_load(_YAML.read_text(encoding="utf-8"))
    return book


def known() -> frozenset[str]:
    """Signals and lists that the key answers."""
    return frozenset(name for part in _book().values() for name in part)


def ask(connection: duckdb.DuckDBPyConnection) -> tuple[pa.Table, pa.Table]:
    """Signals that fire (table `fired`), and verdicts but the plain no.

    The connection has the tables of a `Desk`, and `state`.
    """
    connection.execute("create table fired (period text, signal_id text, household_no text)")
    for signal_id, query in _book()["signals"].items():
        connection.execute(f"insert into fired select distinct period, '{signal_id}', household_no from ({query})")
    connection.execute("create table judged (period text, list_id text, household_no text, verdict text)")
    for list_id, query in _book()["lists"].items():
        connection.execute(
            f"insert into judged select period, '{list_id}', household_no,"
            " if(verdict, 'candidate', 'unknown')"
            f" from ({query}) where coalesce(verdict, true)"
        )
    return (
        connection.sql("select * from fired").to_arrow_table(),
        connection.sql("select * from judged").to_arrow_table(),
    )


def compare(true: tuple[pa.Table, pa.Table], accepted: tuple[pa.Table, pa.Table]) -> tuple[pa.Table, pa.Table]:
    """The key's tables of signals and of candidates."""
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")
        for name, table in zip(("true_fired", "true_judged", "fired", "judged"), (*true, *accepted), strict=True):
            connection.register(name, table)
        signals = connection.sql(
            "select period, signal_id, household_no,"
            " t.period is not null as is_true, a.period is not null as is_expected"
            " from true_fired as t full join fired as a using (period, signal_id, household_no) order by all"
        ).to_arrow_table()
        candidates = connection.sql(
            "select period, list_id, household_no, t.verdict as true_verdict, a.verdict as expected_verdict"
            " from true_judged as t full join judged as a using (period, list_id, household_no)"
            " order by all"
        ).to_arrow_table()
    return (
        signals.cast(pa.schema(list(SIGNAL_COLUMNS.items()))),
        candidates.cast(pa.schema(list(CANDIDATE_COLUMNS.items()))),
    )
