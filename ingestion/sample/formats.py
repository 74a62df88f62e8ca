"""Which format an office sends: its own as long as the rows fit in a sheet, then the next one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from ingestion.sample.habits import Habit

FORMATS_YAML = Path(__file__).parent / "formats.yaml"
BOOKS = frozenset({"xlsx", "xls"})
"""Formats with sheets, typed cells and merged ranges."""


class Format(BaseModel):
    """One line of ``formats.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: int | None = None
    """Rows of a sheet, titles and footers among them; None: no limit."""
    next: str | None = None
    suffix: str


@cache
def formats() -> Mapping[str, Format]:
    """By name. Raises pydantic.ValidationError for an unknown key."""
    node = yaml.safe_load(FORMATS_YAML.read_text(encoding="utf-8"))
    return {name: Format.model_validate(line) for name, line in node.items()}


def fitting(habit: Habit, rows: int) -> Habit:
    """The office's habit for sheets of so many rows: as it is, or the same words in the next format that holds them."""
    limit = formats()[habit.format]
    if limit.rows is None or limit.next is None or rows <= limit.rows:
        return habit
    name = Path(habit.file)
    update: dict[str, object] = {"format": limit.next, "file": f"{name.stem}{formats()[limit.next].suffix}"}
    if limit.next not in BOOKS:  # text has one header row and one sheet
        update |= {"groups": (), "has_township_sheets": False, "empty_sheets": ()}
    return fitting(habit.model_copy(update=update), rows)
