"""Contracts of the feeds: one Open Data Contract Standard v3 file each, read into plain typed objects.

A contract is the single source for reader, checks, raw table, dbt source, template and dictionary. What the standard
has no place for stands in ``customProperties``; ``docs/reference/contract-format.md`` lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from hearth.period import Period

CONTRACT_ROOT = Path(__file__).parent / "contracts"


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

    def valid_in(self, period: Period) -> bool:
        return (self.since is None or self.since <= period) and (self.until is None or period <= self.until)


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
    loaded: bool = True
    """False: the column is read and handed back, never loaded (running numbers)."""
    sensitive: bool = False
    example: str | None = None


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
    row_filter: tuple[str, str] | None
    """(column, code): of a file that serves two feeds, only rows with this code are ours (layout L12)."""
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]

    @property
    def feed_id(self) -> str:
        return f"{self.department}.{self.feed}"

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
        """The column whose ID number gives sex and birth date: the person's, else the head's."""
        for name in ("id_number", "head_id_number"):
            if name in self.by_name:
                return self.by_name[name]
        return None


# The standard has a closed list of quality dimensions; the catalogue says truthfulness where it says accuracy.
_DIMENSIONS: Mapping[str, str] = {
    "accuracy": "truthfulness",
    "completeness": "completeness",
    "conformity": "conformity",
    "consistency": "consistency",
    "timeliness": "timeliness",
    "uniqueness": "uniqueness",
}


def _custom(node: Mapping[str, Any]) -> dict[str, Any]:
    return {entry["property"]: entry["value"] for entry in node.get("customProperties", [])}


def _header(entry: str | Mapping[str, Any], everywhere: Mapping[str, str]) -> Header:
    if isinstance(entry, str):
        return Header(entry, mapping=dict(everywhere))
    return Header(
        text=entry["header"],
        negate=entry.get("negate", False),
        mapping={str(key): str(value) for key, value in (everywhere | entry.get("mapping", {})).items()},
        since=Period.parse(entry["since"]) if "since" in entry else None,
        until=Period.parse(entry["until"]) if "until" in entry else None,
    )


def _spread(node: Mapping[str, Any]) -> Spread:
    return Spread(by=node["by"], code=str(node["code"]), source=node["from"])


def _column(node: Mapping[str, Any]) -> Column:
    custom = _custom(node)
    kind = Kind(custom["kind"])
    options = node.get("logicalTypeOptions", {})
    privacy = Privacy(node["classification"])
    if node.get("primaryKey"):
        demand = Demand.KEY
    elif node.get("required"):
        demand = Demand.VALUE
    else:
        demand = Demand.COLUMN if custom.get("columnRequired") else Demand.OPTIONAL
    if (privacy is Privacy.DIRECT) != ("vaultKind" in custom):
        raise ValueError(f"column [{node['name']}]: vaultKind and classification direct belong together")
    everywhere = custom.get("valueMapping", {})
    titles = [_header(entry, everywhere) for entry in (node["businessName"], *custom.get("headerVariants", []))]
    return Column(
        name=node["name"],
        title=node["businessName"],
        description=node["description"],
        kind=kind,
        demand=demand,
        privacy=privacy,
        headers=tuple(titles),
        physical_type=node.get("physicalType", SQL_TYPES[kind]),
        vault_kind=custom.get("vaultKind"),
        key_position=node.get("primaryKeyPosition") if node.get("primaryKey") else None,
        unit=custom.get("unit"),
        code_list=custom.get("codeList"),
        gathered=custom.get("gathered", False),
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        coarser=custom.get("coarser", False),
        default=custom.get("default"),
        otherwise=custom.get("otherwise"),
        spread=_spread(custom["spread"]) if "spread" in custom else None,
        may_follow_month=custom.get("mayFollowMonth", False),
        blank_is_false=custom.get("blankIsFalse", False),
        percent_floor=custom.get("percentFloor"),
        loaded=custom.get("loaded", True),
        sensitive="sensitive" in node.get("tags", []),
        example=next(iter(node.get("examples", [])), None),
    )


def _rule(node: Mapping[str, Any]) -> Rule:
    custom = _custom(node)
    body = node["implementation"]
    return Rule(
        rule_id=node["name"],
        stage=custom["stage"],
        severity=node["severity"],
        dimension=_DIMENSIONS[node["dimension"]],
        description=node["description"],
        expect=body["expect"],
        when=body.get("when"),
        nulls=body["nulls"],
        message=custom["messageZh"],
        fix=custom["fixZh"],
        columns=tuple(custom["columns"]),
        aliases=tuple(custom.get("aliases", [])),
        source=custom.get("source", ""),
    )


def read_contract(path: Path) -> Contract:
    """Read one contract file. Raises ValueError naming the file when a property is missing or unknown."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        custom = _custom(document)
        table = document["schema"][0]
        row_filter = custom.get("rowFilter")
        return Contract(
            department=document["domain"],
            feed=document["dataProduct"],
            version=document["version"],
            title=custom["titleZh"],
            department_title=custom["departmentZh"],
            description=document["description"]["purpose"],
            grain=table["dataGranularityDescription"],
            semantics=custom["semantics"],
            absence=document["description"]["limitations"],
            due_day=custom["dueDay"],
            rejection_share=custom["rejectionShare"],
            volume=custom["volume"],
            nil_allowed=custom.get("nilAllowed", False),
            file_prefixes=tuple(custom["filePrefixes"]),
            row_filter=(row_filter["column"], str(row_filter["code"])) if row_filter else None,
            columns=tuple(map(_column, table["properties"])),
            rules=tuple(map(_rule, table.get("quality", []))),
        )
    except (KeyError, ValueError, IndexError) as problem:
        raise ValueError(f"contract [{path.parent.name}/{path.name}]: {problem!r}") from problem


@cache
def contracts(root: Path = CONTRACT_ROOT) -> Mapping[str, Contract]:
    """All contracts under `root` by feed id, in the order of department and feed."""
    found = (read_contract(path) for path in sorted(root.glob("*/*.yaml")))
    return {contract.feed_id: contract for contract in found}


def departments(root: Path = CONTRACT_ROOT) -> tuple[str, ...]:
    """Departments that have at least one contract. Reads folder names only: cheap enough for a DAG file."""
    return tuple(sorted({path.parent.name for path in root.glob("*/*.yaml")}))
