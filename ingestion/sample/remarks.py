"""The answer key's table of what is said in rows that are taken: slips, stories, and what only looks like trouble."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from hearth.period import Period
from ingestion.sample.catalogue import kinds
from ingestion.sample.layouts import Row
from ingestion.sample.records import Note

_TEXT = pa.string()

COLUMNS: Mapping[str, Any] = {
    "period": _TEXT,
    "kind": _TEXT,
    "family": _TEXT,
    "effect": _TEXT,
    "rule_id": _TEXT,
    "not_rule_id": _TEXT,
    "story": _TEXT,
    "side": _TEXT,
    "household_no": _TEXT,
    "person": _TEXT,
    "appears": _TEXT,
    "resolved": _TEXT,
    "feed_id": _TEXT,
    "path": _TEXT,
    "sha256": _TEXT,
    "sheet": _TEXT,
    "row": pa.int32(),
    "column": _TEXT,
}
"""One row per note of a row of a file. Notes of one story share its serial; `side` is false for the row that says
something untrue and true for the other side's row that it contradicts."""

README = """\
- `remarks/`, one row per thing that is said in a row that is taken and is not so, or only looks so: kind and
  family (`kinds/*.yaml`), the rule that is to see it (`rule_id`) or must not be misled (`not_rule_id`: a look-alike),
  the `effect` (warned: intake warns; later: no rule of the warehouse judges it yet; accepted: a look-alike), file,
  sheet, row and column. Rows of one story share `story`, of one household or person, from the month `appears` until the
  month `resolved` (null: open for as long as the sample lasts); `side` is `false` where the untrue word stands and
  `true` where the other department has it right.
"""


def _line(note: Note) -> dict[str, Any]:
    entry = kinds()[note.kind]
    return {
        "kind": note.kind,
        "family": entry.family,
        "effect": entry.effect,
        "rule_id": entry.rule or None,
        "not_rule_id": entry.not_rule or None,
        "story": note.story or None,
        "side": "true" if note.is_true else "false",
        "appears": str(note.appears) if note.appears else None,
        "resolved": str(note.resolved) if note.resolved else None,
        "column": note.column,
    }


def lines(row: Row, period: Period, feed_id: str, owner: tuple[str | None, str | None]) -> list[dict[str, Any]]:
    """The table's rows for a row of a file; none for a row that is refused: nobody reads what it says.

    Path and sha256 are known once the file is complete.
    """
    if row.record is None or row.faults:
        return []
    household_no, person = owner
    place = {"period": str(period), "feed_id": feed_id, "sheet": row.sheet, "row": row.number}
    return [_line(note) | {**place, "household_no": household_no, "person": person} for note in row.record.notes]
