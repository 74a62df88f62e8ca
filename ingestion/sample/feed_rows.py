"""Rows of a feed as a typed table without direct personal data: what is true, or what was accepted, of one month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa

from hearth.period import Period
from ingestion.contract import Contract, Kind, Privacy, contracts
from ingestion.sample.accepted_rows import ID_COLUMNS

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


def _column(name: str, values: Sequence[Mapping[str, Any]]) -> list[Any]:
    try:
        return list(map(itemgetter(name), values))
    except KeyError:
        return [one.get(name) for one in values]


def _births(values: Sequence[Mapping[str, Any]]) -> list[date | None]:
    """From the first ID number of each row."""
    digits: list[str | None] = [None] * len(values)
    for name in reversed(ID_COLUMNS):
        digits = [
            str(found)[6:14] if found else other for found, other in zip(_column(name, values), digits, strict=True)
        ]
    known = {text: date(int(text[:4]), int(text[4:6]), int(text[6:])) if text else None for text in set(digits)}
    return [known[text] for text in digits]


def table_of(contract: Contract, period: Period, rows: Iterable[FeedRow]) -> pa.Table:
    """The rows of one month, put together column by column. Columns that a row lacks are null."""
    lines = list(rows)
    values = [line[0] for line in lines]
    certificates = _column("disability_certificate_number", values)
    own: dict[str, Any] = {
        "period": [str(period)] * len(lines),
        "village_code": [line[1] for line in lines],
        "household_no": [line[2] for line in lines],
        "person": [line[3] for line in lines],
        "birth_from_id": _births(values),
        "certificate_type": [text[18] if text else None for text in certificates],
        "certificate_grade": [text[19] if text else None for text in certificates],
    }
    schema = schema_of(contract)
    months = {column.name for column in contract.columns if column.kind is Kind.MONTH}
    columns = []
    for field in schema:
        found = own[field.name] if field.name in own else _column(field.name, values)
        if field.name in months:
            known = {one: str(one) if isinstance(one, Period) else one for one in set(found)}
            found = [known[one] for one in found]
        columns.append(pa.array(found, field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def rows_path(folder: Path, kind: str, feed_id: str, period: str) -> Path:
    """One file per feed and month."""
    return folder / kind / feed_id / f"{period}.parquet"


def paths_in(folder: Path, kind: str) -> dict[str, list[Path]]:
    """Feed -> files of its months; a feed may have none."""
    return {feed_id: sorted((folder / kind / feed_id).glob("*.parquet")) for feed_id in contracts()}
