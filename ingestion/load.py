"""The rows of one file as the warehouse keeps them: personal data split off, the rest for COPY into raw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from ingestion.contract import Column, Contract
from ingestion.quarantine import QuarantinedRow, as_record
from ingestion.raw_tables import RawColumn, raw_columns
from ingestion.table import TypedTable
from ingestion.vault import VaultEntry, entry


@dataclass(frozen=True, slots=True)
class Batch:
    """What one submission adds to the warehouse. ``rows`` line up with ``columns``; there is no clear personal data."""

    submission_id: str
    contract: Contract
    columns: tuple[str, ...] = ()
    rows: Sequence[tuple[Any, ...]] = ()
    quarantined: Sequence[QuarantinedRow] = ()
    entries: Mapping[tuple[str, str], VaultEntry] = field(default_factory=dict, repr=False)
    """For the vault, by kind and token."""


class _Hasher:
    """Replaces direct values by tokens, each distinct value once, and keeps what the vault must hold."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], VaultEntry] = {}

    @property
    def entries(self) -> dict[tuple[str, str], VaultEntry]:
        return {(item.kind, item.token): item for item in self._seen.values()}

    def _one(self, kind: str, value: str) -> str:
        known = self._seen.get((kind, value))
        if known is None:
            known = self._seen[kind, value] = entry(kind, value)
        return known.token

    def column(self, column: Column, values: Sequence[Any]) -> list[Any]:
        kind = column.vault_kind
        if kind is None:
            raise ValueError(f"column [{column.name}] is direct but has no vaultKind")
        return [
            None
            if value is None
            else [self._one(kind, str(item)) for item in value]
            if isinstance(value, list)
            else self._one(kind, str(value))
            for value in values
        ]


_ADDRESS = ("source_sheet", "source_row")
_BY_DATABASE = "loaded_at"


def _values(column: RawColumn, contract: Contract, data: pa.Table, hasher: _Hasher) -> list[Any]:
    """Values of one raw column, from the typed column it comes from."""
    origin = column.origin if column.origin is not None and not column.is_precision else column.name
    values: list[Any] = data.column(origin).to_pylist()
    return hasher.column(contract.by_name[origin], values) if column.is_hash else values


def _is_present(column: RawColumn, data: pa.Table) -> bool:
    """Columns that the file does not have stay out of the COPY, and null."""
    name = column.origin if column.origin is not None and not column.is_precision else column.name
    return name in data.column_names


def build_batch(
    typed: TypedTable,
    *,
    positions: Sequence[int],
    quarantined: Sequence[QuarantinedRow],
    submission_id: str,
    county_code: str,
    period: str,
    source_file: str,
) -> Batch:
    """Rows at ``positions`` of the typed table, hashed and stamped; the others are only in ``quarantined``.

    ``source_file`` is the archive key: what the sender called the file stands in the ledger.
    """
    contract = typed.raw.contract
    if not positions:
        return Batch(submission_id, contract, quarantined=quarantined)
    hasher = _Hasher()
    data = typed.data.take(pa.array(positions, pa.int64()))
    stamps: Mapping[str, str] = {
        "county_code": county_code,
        "report_month": period,
        "submission_id": submission_id,
        "contract_version": contract.version,
        "source_file": source_file,
    }
    layout = [
        column
        for column in raw_columns(contract)
        if column.name not in stamps and column.name not in _ADDRESS and column.name != _BY_DATABASE
    ]
    present = [column for column in layout if _is_present(column, data)]
    cells = zip(*(_values(column, contract, data, hasher) for column in present), strict=True)
    addresses = ((typed.raw.rows[position].sheet, typed.raw.rows[position].row) for position in positions)
    first = tuple(stamps.values())
    return Batch(
        submission_id=submission_id,
        contract=contract,
        columns=(*stamps, *_ADDRESS, *(column.name for column in present)),
        rows=[(*first, *address, *row) for address, row in zip(addresses, cells, strict=True)],
        quarantined=quarantined,
        entries=hasher.entries,
    )


def write_batch(connection: psycopg.Connection[Any], batch: Batch) -> None:
    """COPY the batch into raw and quarantine, in the transaction of the caller."""
    with connection.cursor() as cursor:
        if batch.rows:
            statement = sql.SQL("copy raw.{} ({}) from stdin").format(
                sql.Identifier(batch.contract.raw_table), sql.SQL(", ").join(map(sql.Identifier, batch.columns))
            )
            with cursor.copy(statement) as copy:
                for row in batch.rows:
                    copy.write_row(row)
        if batch.quarantined:
            with cursor.copy(
                "copy quarantine.row (submission_id, source_sheet, source_row, original, reasons) from stdin"
            ) as copy:
                for item in batch.quarantined:
                    copy.write_row(as_record(batch.submission_id, item))
