"""The rows of one file as the warehouse keeps them: personal data split off, the rest for COPY into raw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from ingestion import keys
from ingestion.aside import Aside
from ingestion.contract import Column, Contract
from ingestion.quarantine import QuarantinedRow, as_record
from ingestion.raw_tables import RawColumn, raw_columns
from ingestion.table import TypedTable
from ingestion.vault import Sealer


@dataclass(frozen=True, slots=True)
class Batch:
    """What one submission adds to the warehouse. ``rows`` line up with ``columns``; there is no clear personal data."""

    submission_id: str
    contract: Contract
    columns: tuple[str, ...] = ()
    rows: Sequence[tuple[Any, ...]] = ()
    quarantined: Sequence[QuarantinedRow] = ()
    entries: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """For the vault: {kind: {token: clear value}}."""
    aside: Sequence[Aside] = ()
    """Cells of unknown columns of the accepted rows."""
    token_version: int | None = None
    """Key version of the tokens in ``rows``; None when there are none."""


class _Hasher:
    """Replaces direct values by tokens, each distinct value once, and keeps what the vault must hold."""

    def __init__(self, sealing: Sealer) -> None:
        self._sealing = sealing
        self._seen: dict[str, dict[str, str]] = {}

    @property
    def entries(self) -> dict[str, dict[str, str]]:
        return {kind: {known: value for value, known in seen.items()} for kind, seen in self._seen.items()}

    def column(self, column: Column, values: Sequence[Any]) -> list[Any]:
        kind = column.vault_kind
        if kind is None:
            raise ValueError(f"column [{column.name}] is direct but has no vaultKind")
        seen = self._seen.setdefault(kind, {})
        lists = [value if isinstance(value, list) else [value] for value in values if value is not None]
        fresh = list(dict.fromkeys(text for items in lists for item in items if (text := str(item)) not in seen))
        seen.update(zip(fresh, self._sealing.tokens(kind, fresh), strict=True))
        return [
            None
            if value is None
            else [seen[str(item)] for item in value]
            if isinstance(value, list)
            else seen[str(value)]
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
    sealing: Sealer,
    county_code: str,
    period: str,
    source_file: str,
) -> Batch:
    """Rows at ``positions`` of the typed table, hashed and stamped; the others are only in ``quarantined``.

    ``source_file`` is the archive key: what the sender called the file stands in the ledger.
    """
    contract, submission_id = typed.raw.contract, sealing.submission_id
    if not positions:
        return Batch(submission_id, contract, quarantined=quarantined)
    hasher = _Hasher(sealing)
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
        token_version=sealing.hashing.version,
    )


def write_batch(connection: psycopg.Connection[Any], batch: Batch) -> None:
    """COPY the batch into raw and quarantine, in the transaction of the caller.

    Raises TokensReplaced when the token key was rotated since the batch was built.
    """
    if batch.token_version is not None:
        keys.hold_tokens(connection, batch.token_version)
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
