"""Cells of columns that the contract does not know: sealed when a file is taken in, to be given back to its sender.

Those of rejected rows are sealed with their row (`ingestion.quarantine`); these are the accepted rows'.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from hearth.database import Role, connect
from ingestion import vault
from ingestion.columns import extra_cells
from ingestion.drift import safe_header
from ingestion.returned import cell_text
from ingestion.table import RawTable

_PORTION = 5_000
"""Cells under one encryption: a column of any length stays within what a database field should hold."""


@dataclass(frozen=True, slots=True)
class Aside:
    """Some cells of one unknown column; sealed is ``{header, cells: [[row, text], …]}`` as JSON."""

    sheet: str
    header: str
    first_row: int
    key_id: int
    sealed: bytes = field(repr=False)


def _place(sheet: str, header: str) -> str:
    """What stands for the sheet in the associated data: a portion moved to another column does not open."""
    return f"{sheet}\x1f{header}"


def put_aside(raw: RawTable, positions: Sequence[int], sealing: vault.Sealer) -> tuple[Aside, ...]:
    """The cells of unknown columns of the rows at ``positions``, sealed."""
    cells: dict[tuple[str, str], list[list[Any]]] = {}
    for sheet, header, row, value in extra_cells(raw.rows, positions) if raw.unknown_headers else ():
        cells.setdefault((sheet, header), []).append([row, cell_text(value)])
    found = []
    for (sheet, header), lines in sorted(cells.items()):
        for start in range(0, len(lines), _PORTION):
            portion = lines[start : start + _PORTION]
            title, first = safe_header(header), portion[0][0]
            text = json.dumps({"header": header, "cells": portion}, ensure_ascii=False)
            sealed = sealing.seal_row(text, _place(sheet, title), first)
            found.append(Aside(sheet, title, first, sealing.key.key_id, sealed))
    return tuple(found)


def given_back(submission_id: str) -> Iterator[tuple[str, int, str, str]]:
    """(sheet, row, header, text) of every cell that was put aside, for the sender's own return."""
    opened = vault.row_keys(submission_id, who="intake", purpose=f"return to the sender of {submission_id}")
    with connect(Role.LOADER) as connection:
        lines = connection.execute(
            "select source_sheet, header, first_row, key_id, sealed from quarantine.aside where submission_id = %s"
            " order by source_sheet, header, first_row",
            [submission_id],
        ).fetchall()
    for sheet, title, first, key_id, sealed in lines:
        place = vault.row_place(submission_id, _place(sheet, title), first)
        content = json.loads(opened[key_id].open(bytes(sealed), place))
        for row, text in content["cells"]:
            yield sheet, row, content["header"], text


def write(connection: psycopg.Connection[Any], submission_id: str, parts: Sequence[Aside]) -> None:
    """Enter them, in the transaction of the rows they belong to."""
    connection.execute("delete from quarantine.aside where submission_id = %s", [submission_id])
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into quarantine.aside (submission_id, source_sheet, header, first_row, key_id, sealed)"
            " values (%s, %s, %s, %s, %s, %s)",
            [(submission_id, part.sheet, part.header, part.first_row, part.key_id, part.sealed) for part in parts],
        )
