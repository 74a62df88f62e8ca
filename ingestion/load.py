"""The rows of one file as the warehouse keeps them: personal data split off, the rest for COPY into raw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from ingestion import keys, near_numbers
from ingestion.aside import Aside
from ingestion.columns import combine, row_numbers, row_sheets
from ingestion.contract import Contract
from ingestion.copying import csv_blocks
from ingestion.quarantine import QuarantinedRow, as_record
from ingestion.raw_tables import RawColumn, raw_columns
from ingestion.table import TypedTable
from ingestion.vault import Hashed, Sealer


def _with_tokens(
    direct: Mapping[str, Mapping[str, pa.Array]], sealing: Sealer
) -> tuple[dict[str, pa.Array], dict[str, Hashed]]:
    """Columns of direct values, given by vault kind, as tokens; and what the vault must hold.

    Each distinct value is hashed once.
    """
    tokens: dict[str, pa.Array] = {}
    entries: dict[str, Hashed] = {}
    for kind, columns in direct.items():
        flat = [_flat(values) for values in columns.values()]
        encoded = pa.concat_arrays(flat).dictionary_encode()
        entries[kind] = hashed = sealing.hashed(kind, encoded.dictionary)
        # Where no value comes twice, the tokens stand in the order of the rows already.
        is_plain = len(hashed.tokens) == len(encoded)
        found = hashed.tokens if is_plain else hashed.tokens.take(encoded.indices)
        start = 0
        for (name, values), texts in zip(columns.items(), flat, strict=True):
            tokens[name] = _in_form_of(values, found.slice(start, len(texts)))
            start += len(texts)
    return tokens, entries


def _vault_kind(contract: Contract, name: str) -> str:
    kind = contract.by_name[name].vault_kind
    if kind is None:
        raise ValueError(f"column [{name}] is direct but has no vaultKind")
    return kind


def _flat(values: pa.Array) -> pa.StringArray:
    return (values.flatten() if pa.types.is_list(values.type) else values).cast(pa.string())


def _in_form_of(values: pa.Array, flat: pa.StringArray) -> pa.Array:
    """Lists again, where the values were lists."""
    if not pa.types.is_list(values.type):
        return flat
    ends = np.cumsum(pc.list_value_length(values).fill_null(0).to_numpy())
    offsets = pa.array(np.concatenate([[0], ends]), pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.concat_arrays([flat]), mask=values.is_null())


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
    entries: Mapping[str, Hashed] = field(default_factory=dict, repr=False)
    """For the vault, by kind."""
    aside: Sequence[Aside] = ()
    """Cells of unknown columns of the accepted rows."""
    near: Sequence[near_numbers.NearNumber] = ()
    """Whom refused rows may mean."""
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
    data, sheets, numbers = typed.data, row_sheets(typed.raw.rows), row_numbers(typed.raw.rows)
    if len(positions) < data.num_rows:
        places = pa.array(positions, pa.int64())
        data, sheets, numbers = data.take(places), sheets.take(places), numbers.take(places)
    stamps: Mapping[str, str] = {
        "county_code": county_code,
        "report_month": period,
        "submission_id": submission_id,
        "contract_version": contract.version,
        "source_file": source_file,
    }
    columns: dict[str, pa.Array] = {"source_sheet": sheets, "source_row": numbers}
    direct: dict[str, dict[str, pa.Array]] = {}
    for column in raw_columns(contract):
        # Columns that the file does not have stay out of the COPY, and null.
        known = column.name in stamps or column.name in _ADDRESS or column.name == _BY_DATABASE
        if known or _origin(column) not in data.column_names:
            continue
        values = combine(data.column(_origin(column)))
        if values.null_count == len(values):
            continue
        if column.is_hash:
            direct.setdefault(_vault_kind(contract, _origin(column)), {})[column.name] = values
        else:
            columns[column.name] = values
    tokens, entries = _with_tokens(direct, sealing)
    return Batch(
        submission_id=submission_id,
        contract=contract,
        rows=pa.table(columns | tokens),
        stamps=stamps,
        quarantined=quarantined,
        entries=entries,
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
            # The sheet of a text file has no name.
            statement = sql.SQL("copy raw.{} ({}) from stdin (format csv, force_not_null (source_sheet))").format(
                sql.Identifier(batch.contract.raw_table), sql.SQL(", ").join(map(sql.Identifier, columns))
            )
            with cursor.copy(statement) as copy:
                for block in csv_blocks(batch.rows, batch.stamps, never_null=["source_sheet"]):
                    copy.write(block)
        if batch.quarantined:
            with cursor.copy(
                "copy quarantine.row (submission_id, source_sheet, source_row, original, reasons) from stdin"
            ) as copy:
                for item in batch.quarantined:
                    copy.write_row(as_record(batch.submission_id, item))
    if batch.near:
        near_numbers.write(connection, batch.submission_id, batch.near)
