"""Suites as data: one reviewed YAML file each, read into plain objects and checked before anything runs.

An entry, in the terms of Great Expectations::

    - id: household_once                       # unique in the file
      expectation: unexpected_rows_expectation # a key of EXPECTATIONS
      table: "fct_*"                           # glob over the candidate tables; or `tables: [a, b]`; or `query: <SQL>`
      having: [household_key]                  # only tables with these columns (with a glob)
      but: [fct_contradiction]                 # none of these (with a glob)
      columns: [rate_min, rate_max]            # one expectation for each; sets kwargs.column
      kwargs: {...}                            # as the expectation takes them
      failing: <SQL over {batch}>              # what to keep of a failure, where it is not what the expectation selects
      meta: {rule_id, severity: block|block_unless_waived|warn, message_zh, fix_zh}

SQL may name ``:build_id``, ``:county_code``, ``:period``, ``:table``, ``:raw_counts``, ``:text_cells`` (a row a text
column), ``:text_line(15)`` (the text of a row that has 15 characters or more; ``:text_line_but_no(15)`` without columns
that end in ``_no``), and
``:before.<table>``, the table as published for the newest earlier month in the columns of candidate (no rows when
nothing was); a kwarg may be ``$primary_key``. Queries select keys and counts only: what they return is kept in
``ops.gate_failing_row``. Of a big table, ``select <names> from {batch} where <condition>`` is cheapest: without alias
and subquery it is counted in the same scan as all others of the table (``figures.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

SUITES_DIR = Path(__file__).with_name("suites")

EXPECTATIONS: Mapping[str, tuple[str, frozenset[str]]] = {
    "expect_column_values_to_not_be_null": ("ExpectColumnValuesToNotBeNull", frozenset({"column"})),
    "expect_column_values_to_be_in_set": ("ExpectColumnValuesToBeInSet", frozenset({"column", "value_set"})),
    "expect_column_values_to_be_between": (
        "ExpectColumnValuesToBeBetween",
        frozenset({"column", "min_value", "max_value"}),
    ),
    "expect_compound_columns_to_be_unique": ("ExpectCompoundColumnsToBeUnique", frozenset({"column_list"})),
    "expect_table_row_count_to_be_between": ("ExpectTableRowCountToBeBetween", frozenset({"min_value"})),
    "unexpected_rows_expectation": ("UnexpectedRowsExpectation", frozenset({"unexpected_rows_query"})),
}
"""Expectation type -> class in ``great_expectations.expectations`` and the kwargs it needs here, all of them."""


class SuiteError(ValueError):
    """A suite file is wrong. Names the file and the entry."""


class Severity(StrEnum):
    """What a failed expectation does to the publication."""

    BLOCK = "block"
    """A failure blocks publication, whoever wants it."""
    BLOCK_UNLESS_WAIVED = "block_unless_waived"
    """A failure blocks until a named person lets it through (``ops.waiver``)."""
    WARN = "warn"
    """A failure is recorded and shown."""


RuleId = Annotated[str, Field(pattern=r"^[PT]-\d{2}$")]


class Meta(BaseModel):
    """What the catalogue of rules says of an entry."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule_id: RuleId
    also: tuple[RuleId, ...] = ()
    """Rules of the catalogue that the same check answers."""
    severity: Severity
    message_zh: Annotated[str, Field(min_length=1)]
    fix_zh: Annotated[str, Field(min_length=1)]

    @property
    def rules(self) -> frozenset[str]:
        return frozenset((self.rule_id, *self.also))


class Entry(BaseModel):
    """One entry of a suite file, as written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    expectation: str
    meta: Meta
    kwargs: dict[str, Any] = {}
    table: str | None = None
    tables: tuple[str, ...] = ()
    query: str | None = None
    failing: str | None = None
    having: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.expectation not in EXPECTATIONS:
            raise ValueError(f"unknown expectation [{self.expectation}]; known are {sorted(EXPECTATIONS)}")
        if sum((self.table is not None, bool(self.tables), self.query is not None)) != 1:
            raise ValueError("give exactly one of table, tables, query")
        given = set(self.kwargs) | ({"column"} if self.columns else set())
        needed = EXPECTATIONS[self.expectation][1]
        if given != needed:
            raise ValueError(f"[{self.expectation}] takes the kwargs {sorted(needed)}, not {sorted(given)}")
        return self


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite file, read and checked."""

    name: str
    title_zh: str
    entries: tuple[Entry, ...]


def load_suite(path: Path) -> Suite:
    """Read one suite file; SuiteError names the file and the entry that is wrong, and how."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SuiteError(f"[{path.name}] is not YAML: {error}") from error
    if not isinstance(document, dict) or set(document) != {"suite", "title_zh", "expectations"}:
        raise SuiteError(f"[{path.name}] must have exactly the entries suite, title_zh, expectations")
    if document["suite"] != path.stem:
        raise SuiteError(f"[{path.name}] names its suite [{document['suite']}]; it must be [{path.stem}]")
    raw_entries = document["expectations"]
    if not isinstance(raw_entries, list) or not raw_entries:
        raise SuiteError(f"[{path.name}] has no expectation; an empty suite proves nothing")
    entries: list[Entry] = []
    for position, raw in enumerate(raw_entries, start=1):
        label = raw.get("id", position) if isinstance(raw, dict) else position
        try:
            entry = Entry.model_validate(raw)
        except ValidationError as error:
            faults = "; ".join(
                f"{'.'.join(map(str, item['loc'])) or 'entry'}: {item['msg']}" for item in error.errors()
            )
            raise SuiteError(f"[{path.name}] entry [{label}]: {faults}") from error
        if any(entry.id == other.id for other in entries):
            raise SuiteError(f"[{path.name}] entry [{label}]: the id is used twice")
        entries.append(entry)
    return Suite(document["suite"], document["title_zh"], tuple(entries))


def load_suites(folder: Path = SUITES_DIR) -> list[Suite]:
    """Every suite of a folder, by name. SuiteError when a file is wrong or the folder holds none."""
    suites = [load_suite(path) for path in sorted(folder.glob("*.yaml"))]
    if not suites:
        raise SuiteError(f"[{folder}] holds no suite; a gate without suites proves nothing")
    return suites
