"""The rows of one file as the warehouse keeps them: personal data split off, the rest for COPY into raw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
from psycopg import sql

from ingestion import keys
from ingestion.aside import Aside
from ingestion.columns import combine, row_numbers, row_sheets, take_rows
from ingestion.contract import Column, Contract
from ingestion.quarantine import QuarantinedRow, as_record
from ingestion.raw_tables import RawColumn, raw_columns
from ingestion.table import TypedTable
from ingestion.vault import Sealer

_BLOCK = 65_536
"""Rows that are written out at a time."""


class _Hasher:
    """Replaces direct values by tokens, each distinct value once, and keeps what the vault must hold."""

    def __init__(self, sealing: Sealer) -> None:
        self._sealing = sealing
        self.entries: dict[str, dict[str, str]] = {}

    def column(self, column: Column, values: pa.Array) -> pa.Array:
        kind = column.vault_kind
        if kind is None:
            raise ValueError(f"column [{column.name}] is direct but has no vaultKind")
        flat = values.flatten() if pa.types.is_list(values.type) else values
        encoded = flat.cast(pa.string()).dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        tokens = self._sealing.tokens(kind, texts)
        self.entries.setdefault(kind, {}).update(zip(tokens, texts, strict=True))
        found = pa.array(tokens, pa.string()).take(encoded.indices)
        if not pa.types.is_list(values.type):
            return found
        parts = iter(found.to_pylist())
        lengths = pc.list_value_length(values).to_pylist()
        lists = [None if length is None else [next(parts) for _ in range(length)] for length in lengths]
        return pa.array(lists, pa.list_(pa.string()))


@dataclass(frozen=True, slots=True)
class Batch:
    """What one submission adds to the warehouse. There is no clear personal data in ``rows``."""

    submission_id: str
    contract: Contract
    rows: pa.Table | None = None
    """Columns of the raw table, but for those that are the same in all rows."""
    stamps: Mapping[str, str] = field(default_factory=dict)
    """Columns that are the same in all rows, with their value."""
    quarantined: Sequence[QuarantinedRow] = ()
    entries: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """For the vault: {kind: {token: clear value}}."""
    aside: Sequence[Aside] = ()
    """Cells of unknown columns of the accepted rows."""
    token_version: int | None = None
    """Key version of the tokens in ``rows``; None when there are none."""


_ADDRESS = ("source_sheet", "source_row")
_BY_DATABASE = "loaded_at"


def _origin(column: RawColumn) -> str:
    """The typed column a raw column is filled from."""
    return column.origin if column.origin is not None and not column.is_precision else column.name


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
    if len(positions) == 0:
        return Batch(submission_id, contract, quarantined=quarantined)
    hasher = _Hasher(sealing)
    data, rows = typed.data, typed.raw.rows
    if len(positions) < data.num_rows:
        places = pa.array(positions, pa.int64())
        data, rows = data.take(places), take_rows(rows, places.to_numpy())
    stamps: Mapping[str, str] = {
        "county_code": county_code,
        "report_month": period,
        "submission_id": submission_id,
        "contract_version": contract.version,
        "source_file": source_file,
    }
    columns: dict[str, pa.Array] = {"source_sheet": row_sheets(rows), "source_row": row_numbers(rows)}
    for column in raw_columns(contract):
        # Columns that the file does not have stay out of the COPY, and null.
        known = column.name in stamps or column.name in _ADDRESS or column.name == _BY_DATABASE
        if known or _origin(column) not in data.column_names:
            continue
        values = combine(data.column(_origin(column)))
        if values.null_count == len(values):
            continue
        columns[column.name] = hasher.column(contract.by_name[_origin(column)], values) if column.is_hash else values
    return Batch(
        submission_id=submission_id,
        contract=contract,
        rows=pa.table(columns),
        stamps=stamps,
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
        if batch.rows is not None:
            columns = (*batch.stamps, *batch.rows.column_names)
            statement = sql.SQL("copy raw.{} ({}) from stdin (format csv, force_not_null (source_sheet))").format(
                sql.Identifier(batch.contract.raw_table), sql.SQL(", ").join(map(sql.Identifier, columns))
            )
            with cursor.copy(statement) as copy:
                for block in _blocks(batch.rows, batch.stamps):
                    copy.write(block)
        if batch.quarantined:
            with cursor.copy(
                "copy quarantine.row (submission_id, source_sheet, source_row, original, reasons) from stdin"
            ) as copy:
                for item in batch.quarantined:
                    copy.write_row(as_record(batch.submission_id, item))


def _blocks(rows: pa.Table, stamps: Mapping[str, str]) -> Iterator[bytes]:
    """The rows as CSV, some thousands at a time; the next are written out while the server takes the last."""
    with ThreadPoolExecutor(1) as writer:
        waiting = None
        for piece in rows.to_batches(max_chunksize=_BLOCK):
            following = writer.submit(_as_csv, piece, stamps)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()


def _as_csv(piece: pa.RecordBatch, stamps: Mapping[str, str]) -> bytes:
    constant = {name: pa.repeat(pa.scalar(value), piece.num_rows) for name, value in stamps.items()}
    moving = {name: _writable(piece.column(name)) for name in piece.schema.names}
    table = pa.table({**constant, **moving})
    # A null is an empty field, an empty text a quoted one; quotes cost the server time, so only where they must be.
    # The sheet of a text file has no name, and the statement says that its column is never null.
    if not any(_has_empty(column) for name, column in moving.items() if name != "source_sheet"):
        try:
            return _write(table, "none")
        except pa.ArrowInvalid:  # a separator, quotation mark or line break somewhere in a text
            pass
    return _write(table, "needed")


def _write(table: pa.Table, quoting: str) -> bytes:
    sink = pa.BufferOutputStream()
    arrow_csv.write_csv(table, sink, arrow_csv.WriteOptions(include_header=False, quoting_style=quoting))
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]  # Arrow is untyped


def _has_empty(column: pa.Array) -> bool:
    return bool(pa.types.is_string(column.type) and pc.min(pc.binary_length(column)).as_py() == 0)


def _writable(column: pa.Array) -> pa.Array:
    """Lists as PostgreSQL writes arrays; everything else as it is."""
    if not pa.types.is_list(column.type):
        return column
    return pa.array([None if items is None else _array(items) for items in column.to_pylist()], pa.string())


def _array(items: Sequence[str]) -> str:
    quoted = (item.replace("\\", "\\\\").replace('"', '\\"') for item in items)
    return "{" + ",".join(f'"{item}"' for item in quoted) + "}"
