"""The rows of one file as the warehouse keeps them: personal data split off, the rest for COPY into raw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from ingestion.contract import Column, Contract, Privacy
from ingestion.quarantine import QuarantinedRow, as_record
from ingestion.table import TypedTable
from ingestion.vault import VaultEntry, entry

TECHNICAL = (
    "county_code",
    "report_month",
    "submission_id",
    "contract_version",
    "source_file",
    "source_sheet",
    "source_row",
)
DERIVED = ("birth_from_id", "sex_from_id", "id_link")


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


def _loaded_columns(contract: Contract, data: pa.Table, hasher: _Hasher) -> Iterator[tuple[str, list[Any]]]:
    """Name and values of each raw column after the technical ones. Columns the file does not have stay out (null)."""
    present = set(data.column_names)
    for column in contract.columns:
        if not column.loaded or column.name not in present:
            continue
        values = data.column(column.name).to_pylist()
        if column.privacy is Privacy.DIRECT:
            yield f"{column.name}_hash", hasher.column(column, values)
        else:
            yield column.name, values
        if column.coarser and f"{column.name}_precision" in present:
            yield f"{column.name}_precision", data.column(f"{column.name}_precision").to_pylist()
    if contract.person_column is not None:
        for name in DERIVED:
            if name in present:
                yield name, data.column(name).to_pylist()


def build_batch(
    typed: TypedTable,
    *,
    positions: Sequence[int],
    quarantined: Sequence[QuarantinedRow],
    submission_id: str,
    county_code: str,
    period: str,
    file_name: str,
) -> Batch:
    """Rows at ``positions`` of the typed table, hashed and stamped; the others are only in ``quarantined``."""
    contract = typed.raw.contract
    if not positions:
        return Batch(submission_id, contract, quarantined=quarantined)
    hasher = _Hasher()
    data = typed.data.take(pa.array(positions, pa.int64()))
    named = list(_loaded_columns(contract, data, hasher))
    stamp = (county_code, period, submission_id, contract.version, file_name)
    addresses = ((typed.raw.rows[position].sheet, typed.raw.rows[position].row) for position in positions)
    cells = zip(*(values for _, values in named), strict=True)
    rows = [(*stamp, *address, *row) for address, row in zip(addresses, cells, strict=True)]
    return Batch(
        submission_id=submission_id,
        contract=contract,
        columns=(*TECHNICAL, *(name for name, _ in named)),
        rows=rows,
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
