"""A data row on its way into a file."""

from __future__ import annotations

from dataclasses import dataclass, field

from ingestion.sample.cells import Cell
from ingestion.sample.records import Record


@dataclass(frozen=True, slots=True)
class Fault:
    """A planted defect before its address is known."""

    kind: str
    rule_id: str
    column: str


@dataclass(slots=True)
class Row:
    """One data row of the file to be."""

    cells: dict[str, Cell]
    township: str
    is_plain: bool
    faults: list[Fault] = field(default_factory=list)
    sheet: str = ""
    number: int = 0
    """1-based row number on its sheet, as the sender's program shows it; set when laid out."""
    record: Record | None = None
    """What the row was written from."""
