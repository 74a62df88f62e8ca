"""Rejected rows: kept with their original text, so that they can be handed back exactly as they came.

A row is kept twice: ``cells`` holds in clear what cannot be personal (cells of non-direct columns that were read
without fault), for the engineer who looks for a pattern; ``sealed`` is ciphertext of the whole row with its messages,
for the return workbook. A cell that could not be read may hold anything, a shifted column for example, so it is sealed.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb

from hearth.database import Role, connect
from ingestion import vault
from ingestion.contract import Privacy
from ingestion.returned import Reason, ReturnedCell, ReturnedRow, cell_text, column_order, faulty_rows
from ingestion.table import CellValue, Finding, RawRow, RawTable

_LONG_NUMBER = re.compile(r"\d{11,}")
"""Phone, ID and account numbers are this long; a misplaced one in an open column is sealed as well."""


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """One row of ``quarantine.row`` but for the submission id."""

    sheet: str
    row: int
    original: Mapping[str, Any]
    reasons: Sequence[Mapping[str, Any]]


def _packed(value: CellValue) -> object:
    """A cell as JSON can hold it."""
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    return {"date": value.isoformat()} if isinstance(value, date) else value


def _unpacked(value: Any) -> CellValue:
    match value:
        case {"datetime": text}:
            return datetime.fromisoformat(text)
        case {"date": text}:
            return date.fromisoformat(text)
        case None | bool() | int() | float() | str():
            return value
    raise ValueError(f"a sealed cell is of type [{type(value).__name__}]")


def _open_cells(raw: RawTable, row: RawRow, unread: set[str]) -> dict[str, str]:
    known = raw.contract.by_name
    texts = {name: cell_text(row.cells.get(name)) for name in raw.headers if name in known and name not in unread}
    return {
        name: text
        for name, text in texts.items()
        if known[name].privacy is not Privacy.DIRECT and not _LONG_NUMBER.search(text)
    }


def quarantine_rows(raw: RawTable, findings: Iterable[Finding], sealing: vault.Sealer) -> Iterator[QuarantinedRow]:
    """The rows that an error rejects, sealed; with all that was found on them, errors first."""
    order = column_order(raw)
    for row, found in faulty_rows(raw, findings):
        unread = {name for finding in found if finding.stage not in {"row", "household"} for name in finding.columns}
        cells: list[list[object]] = [[header, name, _packed(row.cells.get(name))] for name, header in order]
        cells += [[header, None, _packed(row.extra.get(header))] for header in raw.unknown_headers]
        texts = [[finding.message, finding.fix] for finding in found]
        text = json.dumps({"cells": cells, "texts": texts}, ensure_ascii=False)
        sealed = base64.b64encode(sealing.seal_row(text, row.sheet, row.row)).decode("ascii")
        yield QuarantinedRow(
            sheet=row.sheet,
            row=row.row,
            original={
                "cells": _open_cells(raw, row, unread),
                "key_id": sealing.key.key_id,
                "sealed": sealed,
            },
            reasons=[
                {"rule_id": finding.rule_id, "severity": finding.severity, "columns": list(finding.columns)}
                for finding in found
            ],
        )


def as_record(submission_id: str, row: QuarantinedRow) -> tuple[str, str, int, Jsonb, Jsonb]:
    """The row as COPY writes it."""
    return submission_id, row.sheet, row.row, Jsonb(row.original), Jsonb(row.reasons)


def returned_rows(submission_id: str) -> Iterator[ReturnedRow]:
    """The rejected rows of one submission in clear, by sheet and row; read in portions, for the sender's own return.

    Rows that the sender has withdrawn are not handed out again.
    """
    opened = vault.row_keys(submission_id, who="intake", purpose=f"return to the sender of {submission_id}")
    if not opened:
        return
    with connect(Role.LOADER) as connection, connection.cursor(name="returned_rows") as cursor:
        cursor.execute(
            "select source_sheet, source_row, original, reasons from quarantine.row as quarantined"
            " where submission_id = %s and not exists (select from ops.mended_row as spoken"
            " where spoken.submission_id = quarantined.submission_id"
            " and spoken.source_sheet = quarantined.source_sheet and spoken.source_row = quarantined.source_row"
            " and spoken.action = 'withdrawn') order by source_sheet, source_row",
            [submission_id],
        )
        for sheet, number, original, reasons in cursor:
            sealed = base64.b64decode(original["sealed"])
            content = json.loads(opened[original["key_id"]].open(sealed, vault.row_place(submission_id, sheet, number)))
            yield ReturnedRow(
                sheet=sheet,
                row=number,
                cells=tuple(ReturnedCell(header, name, _unpacked(value)) for header, name, value in content["cells"]),
                reasons=tuple(
                    Reason(reason["rule_id"], reason["severity"], tuple(reason["columns"]), message, fix)
                    for reason, (message, fix) in zip(reasons, content["texts"], strict=True)
                ),
            )


def returned_addresses(submission_id: str, *, withdrawn: bool) -> frozenset[tuple[str, int]]:
    """Sheet and row of every rejected row of one submission, with those that the sender has withdrawn or without."""
    with connect(Role.LOADER) as connection:
        rows = connection.execute(
            "select source_sheet, source_row from quarantine.row where submission_id = %(id)s and (%(all)s or"
            " (source_sheet, source_row) not in (select source_sheet, source_row from ops.mended_row"
            " where submission_id = %(id)s and action = 'withdrawn'))",
            {"id": submission_id, "all": withdrawn},
        ).fetchall()
    return frozenset((sheet, row) for sheet, row in rows)
