"""What a contract is once read: the typed objects that the rest of intake works with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

from hearth.period import Period


class Kind(StrEnum):
    """How a cell is read; the type marks of the feed specification."""

    TEXT = "text"
    ID = "id"
    ID_LIST = "id[]"
    INT = "int"
    DECIMAL = "dec"
    BOOL = "bool"
    DATE = "date"
    TIMESTAMP = "ts"
    """Day and time of day, local (UTC+8)."""
    MONTH = "month"
    YEAR = "year"
    CODE = "code"
    CODE_LIST = "code[]"


class Demand(StrEnum):
    """What a contract asks of a column."""

    KEY = "key"
    """Part of the natural key: never empty."""
    VALUE = "value"
    """Never empty."""
    COLUMN = "column"
    """The column must be there, cells may be empty."""
    OPTIONAL = "optional"


class Privacy(StrEnum):
    """ODCS ``classification``. Direct columns leave intake as keyed hashes only."""

    NONE = "none"
    QUASI = "quasi"
    DIRECT = "direct"


SQL_TYPES: Mapping[Kind, str] = {
    Kind.TEXT: "text",
    Kind.ID: "text",
    Kind.ID_LIST: "text[]",
    Kind.INT: "integer",
    Kind.DECIMAL: "numeric(14, 2)",
    Kind.BOOL: "boolean",
    Kind.DATE: "date",
    Kind.TIMESTAMP: "timestamp",
    Kind.MONTH: "text",
    Kind.YEAR: "integer",
    Kind.CODE: "text",
    Kind.CODE_LIST: "text[]",
}


@dataclass(frozen=True, slots=True)
class Header:
    """One accepted spelling of a column title, as it looks after header cleaning (GEN-06)."""

    text: str
    negate: bool = False
    """The column says the opposite: true and false change places."""
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Cell text under this header -> the text to read instead, before any other reading: 是 -> 02. Empty: a blank cell.
    The keys 是 and 否 stand for every yes and no token (GEN-21)."""
    since: Period | None = None
    until: Period | None = None
    parts: str | None = None
    """Pattern whose named groups are columns: one cell under this header says several things (云岭中学八年级)."""

    def valid_in(self, period: Period) -> bool:
        return (self.since is None or self.since <= period) and (self.until is None or period <= self.until)

    @property
    def part_names(self) -> frozenset[str]:
        """Columns that a cell under this header speaks of."""
        return frozenset(re.compile(self.parts).groupindex) if self.parts else frozenset()


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Which rows of a file that serves two feeds are ours (layout L12)."""

    column: str
    code: str
    by: str | None = None
    """Column that says which rows belong together."""
    same: tuple[str, ...] = ()
    """Columns that must say the same on all rows of a group, ours or not; of the others ours is taken."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Long layout: where column ``by`` says ``code``, the value of column ``source`` belongs here."""

    by: str
    code: str
    source: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a feed: how its cells are recognised, read, guarded and stored."""

    name: str
    title: str
    """Chinese title, as the template prints it; also the first accepted header."""
    description: str
    kind: Kind
    demand: Demand
    privacy: Privacy
    headers: tuple[Header, ...]
    physical_type: str
    vault_kind: str | None = None
    """For direct columns: the namespace of the hash, so that equal values of two feeds get equal hashes."""
    key_position: int | None = None
    unit: str | None = None
    code_list: str | None = None
    gathered: bool = False
    """Several columns of the file make this one (致贫风险1…5, one column per measure). Lists gather all their values;
    a single value is the first non-empty one in the order of `headers`."""
    minimum: float | None = None
    maximum: float | None = None
    coarser: bool = False
    """A month or a year is accepted where a day is asked; ``<name>_precision`` keeps which."""
    default: str | None = None
    """Value of a missing column or an empty cell; the name of another column stands for its value in the row, names
    joined by ``+`` for their values put together."""
    otherwise: str | None = None
    """Of a code column: words that are in no list go to this text column instead of refusing the row."""
    spread: Spread | None = None
    """The feed also comes with one row per value instead of one column (long layout)."""
    may_follow_month: bool = False
    """What began in the month may end after it: no R-ALL-05 within the days of grace."""
    blank_is_false: bool = False
    percent_floor: float | None = None
    amount_band: str | None = None
    """Parameters ``amount_band_<band>_low`` and ``_high`` between which the median of an amount must lie (GEN-22)."""
    loaded: bool = True
    """False: the column is read and handed back, never loaded (running numbers)."""
    sensitive: bool = False
    example: str | None = None
    note: str = ""
    """What the title does not say, in Chinese, for who fills in the column."""
    since: Period | None = None
    until: Period | None = None
    """First and last month in which the feed has the column; None: always."""
    elsewhere: str | None = None
    """The values decide: a cell that this column cannot read, and that one can, belongs there."""
    known_from: str | None = None
    """Column (department.feed.column) that defines these numbers: one stored as a number is taken if it is known there
    exactly (GEN-15)."""
    from_sheet: bool = False
    """An empty cell or a missing column takes the name of its sheet, where that is a value of the column."""
    from_caption: bool = False
    """An empty cell takes the place that the caption above its rows names (GEN-11)."""
    feeds_guarantee: bool = False
    """May be empty, and then leaves a guarantee of the household unknown: its filling is asked about (S-17)."""
    roster: bool = False
    """Rows that differ in this list alone are one case written on a row a person; their values are put together."""

    def valid_in(self, period: Period) -> bool:
        return (self.since is None or self.since <= period) and (self.until is None or period <= self.until)

    def title_in(self, period: Period | None) -> str:
        """What the template of the month prints: the first header accepted in it."""
        accepted = (header.text for header in self.headers if period is None or header.valid_in(period))
        return next(accepted, self.title)


@dataclass(frozen=True, slots=True)
class Rule:
    """A row or household rule of one feed: ``IF when: expect`` in DuckDB SQL over the typed row."""

    rule_id: str
    stage: str
    severity: str
    dimension: str
    description: str
    expect: str
    when: str | None
    nulls: str
    """``skip``: a null result is not judged. ``fail``: a null result of ``expect`` fails."""
    message: str
    fix: str
    columns: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    source: str = ""
    since: Period | None = None
    until: Period | None = None

    def valid_in(self, period: Period) -> bool:
        return (self.since is None or self.since <= period) and (self.until is None or period <= self.until)


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a contract and the first month that is read by it."""

    version: str
    since: Period


@dataclass(frozen=True)
class Contract:
    """One feed of one department: what it means, when it is due, its columns and its own rules."""

    department: str
    feed: str
    version: str
    title: str
    department_title: str
    description: str
    grain: str
    semantics: str
    absence: str
    due_day: int
    rejection_share: float
    volume: str
    nil_allowed: bool
    file_prefixes: tuple[str, ...]
    """What a file name, or the folder of the file, begins with; the feed id itself always counts."""
    row_filter: RowFilter | None
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    grain_title: str = ""
    """What one row is, in Chinese, for who fills in the table."""
    absence_title: str = ""
    """What a missing row is taken to mean, in Chinese."""
    owner: str = ""
    """Who answers for the feed: the `username` of the team member with role `owner`."""
    contact: str = ""
    """Whom the sender may ask."""
    versions: tuple[Version, ...] = ()
    """All versions, oldest first, `version` last. Empty: there has been one only."""

    @property
    def feed_id(self) -> str:
        return f"{self.department}.{self.feed}"

    def version_in(self, period: Period) -> str:
        """The version in force for a month; months before the first are read by the first."""
        began = [entry.version for entry in self.versions if entry.since <= period]
        first = self.versions[0].version if self.versions else self.version
        return began[-1] if began else first

    def in_force(self, period: Period) -> Contract:
        """The contract as it stood for a month: version, columns and rules of that month. All versions share one raw
        table, which has the columns of all of them."""
        return replace(
            self,
            version=self.version_in(period),
            columns=tuple(column for column in self.columns if column.valid_in(period)),
            rules=tuple(rule for rule in self.rules if rule.valid_in(period)),
        )

    @property
    def raw_table(self) -> str:
        """Name of the table in schema ``raw``."""
        return f"{self.department}__{self.feed}"

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def key(self) -> tuple[Column, ...]:
        keyed = [column for column in self.columns if column.key_position is not None]
        return tuple(sorted(keyed, key=lambda column: column.key_position or 0))

    @cached_property
    def person_column(self) -> Column | None:
        """The column whose ID number gives sex and birth date: the person's, else the head's or the holder's."""
        for name in ("id_number", "head_id_number", "holder_id_number"):
            if name in self.by_name:
                return self.by_name[name]
        return None
