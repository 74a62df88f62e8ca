"""Rows of a feed as a typed table without direct personal data: what is true, or what was accepted, of one month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hearth.period import Period
from ingestion.contract import Contract, Kind, Privacy, contracts
from ingestion.sample.conclusions import ID_COLUMNS

TRUE, ACCEPTED = "true", "accepted"
"""Folders of the key: the rows as they truly are, and the rows that must have been accepted."""

_TYPES: Mapping[Kind, Any] = {
    Kind.TEXT: pa.string(),
    Kind.ID: pa.string(),
    Kind.ID_LIST: pa.list_(pa.string()),
    Kind.INT: pa.int64(),
    Kind.DECIMAL: pa.float64(),
    Kind.BOOL: pa.bool_(),
    Kind.DATE: pa.date32(),
    Kind.TIMESTAMP: pa.timestamp("us"),
    Kind.MONTH: pa.string(),
    Kind.YEAR: pa.int64(),
    Kind.CODE: pa.string(),
    Kind.CODE_LIST: pa.list_(pa.string()),
}
_OWN = {"period": pa.string(), "village_code": pa.string(), "household_no": pa.string(), "person": pa.string()}
_LEFT_OUT = {"county_name", "township_name", "village_name", "hamlet_name", "region_code", "serial_no"}
"""The village code says it better."""
_DERIVED = {"birth_from_id": pa.date32(), "certificate_type": pa.string(), "certificate_grade": pa.string()}
"""What a number says that is left out itself."""

FeedRow = tuple[Mapping[str, Any], str, str | None, str | None]
"""Values by canonical name, village code, household number and person's serial."""


def schema_of(contract: Contract) -> pa.Schema:
    """Own columns, then the contract's without direct personal data, then the derived ones."""
    columns = {
        column.name: _TYPES[column.kind]
        for column in contract.columns
        if column.privacy is not Privacy.DIRECT and column.name not in {*_OWN, *_LEFT_OUT}
    }
    return pa.schema(list((_OWN | columns | _DERIVED).items()))


def _derived(values: Mapping[str, Any]) -> dict[str, Any]:
    digits = next((values[name] for name in ID_COLUMNS if values.get(name)), None)
    certificate = values.get("disability_certificate_number")
    return {
        "birth_from_id": date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14])) if digits else None,
        "certificate_type": certificate[18] if certificate else None,
        "certificate_grade": certificate[19] if certificate else None,
    }


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Period) else list(value) if isinstance(value, tuple) else value


def table_of(contract: Contract, period: Period, rows: Iterable[FeedRow]) -> pa.Table:
    """The rows of one month. Columns that a row lacks are null."""
    schema = schema_of(contract)
    kept = set(schema.names) - set(_OWN) - set(_DERIVED)
    lines = [
        {name: _plain(value) for name, value in values.items() if name in kept}
        | {"period": str(period), "village_code": village, "household_no": household_no, "person": person}
        | _derived(values)
        for values, village, household_no, person in rows
    ]
    return pa.Table.from_pylist(lines, schema=schema)


def write_rows(folder: Path, kind: str, feed_id: str, period: Period, table: pa.Table) -> None:
    """One file per feed and month."""
    path = folder / kind / feed_id / f"{period}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


def tables_in(folder: Path, kind: str) -> dict[str, pa.Table]:
    """Feed -> rows of all months; a feed without a file has no rows."""
    found = {}
    for feed_id, contract in contracts().items():
        paths = sorted((folder / kind / feed_id).glob("*.parquet"))
        schema = schema_of(contract)
        found[feed_id] = pa.concat_tables([schema.empty_table(), *(pq.read_table(path) for path in paths)])
    return found
