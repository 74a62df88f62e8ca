"""Contracts of the feeds: one Open Data Contract Standard v3 file each, read into plain typed objects.

A contract is the single source for reader, checks, raw table, dbt source, template and dictionary. What the standard
has no place for stands in ``customProperties``; ``docs/reference/contract-format.md`` lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from hearth.period import Period
from ingestion.contract_model import (
    SQL_TYPES,
    Column,
    Contract,
    Demand,
    Header,
    Kind,
    Privacy,
    RowFilter,
    Rule,
    Spread,
    Version,
)

__all__ = [
    "CONTRACT_ROOT",
    "SQL_TYPES",
    "Column",
    "Contract",
    "Demand",
    "Header",
    "Kind",
    "Privacy",
    "RowFilter",
    "Rule",
    "Spread",
    "Version",
    "contracts",
    "departments",
    "read_contract",
]

CONTRACT_ROOT = Path(__file__).parent / "contracts"

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


def _month(node: Mapping[str, Any], name: str) -> Period | None:
    return Period.parse(node[name]) if name in node else None


def _header(entry: str | Mapping[str, Any], everywhere: Mapping[str, str]) -> Header:
    if isinstance(entry, str):
        return Header(entry, mapping=dict(everywhere))
    return Header(
        text=entry["header"],
        negate=entry.get("negate", False),
        mapping={str(key): str(value) for key, value in (everywhere | entry.get("mapping", {})).items()},
        since=_month(entry, "since"),
        until=_month(entry, "until"),
        parts=entry.get("parts"),
    )


def _row_filter(node: Mapping[str, Any]) -> RowFilter:
    return RowFilter(node["column"], str(node["code"]), node.get("by"), tuple(node.get("same", [])))


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
    title: dict[str, Any] = {"header": node["businessName"]}
    if "titleSince" in custom:
        title["since"] = custom["titleSince"]
    titles = [_header(entry, everywhere) for entry in (title, *custom.get("headerVariants", []))]
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
        amount_band=custom.get("amountBand"),
        loaded=custom.get("loaded", True),
        sensitive="sensitive" in node.get("tags", []),
        example=next(iter(node.get("examples", [])), None),
        note=custom.get("noteZh", ""),
        since=_month(custom, "since"),
        until=_month(custom, "until"),
        elsewhere=custom.get("elsewhere"),
        roster=custom.get("roster", False),
        known_from=custom.get("knownFrom"),
        from_sheet=custom.get("fromSheet", False),
        from_caption=custom.get("fromCaption", False),
        feeds_guarantee=custom.get("feedsGuarantee", False),
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
        since=_month(custom, "since"),
        until=_month(custom, "until"),
    )


def _versions(version: str, entries: list[Mapping[str, Any]]) -> tuple[Version, ...]:
    """Raises ValueError if they are not in the order of their months or do not end with the contract's own version."""
    found = tuple(Version(str(entry["version"]), Period.parse(entry["since"])) for entry in entries)
    if found and (found[-1].version != version or list(found) != sorted(found, key=lambda entry: entry.since)):
        raise ValueError(f"versions must rise by month and end with [{version}]")
    return found


def _owner(document: Mapping[str, Any]) -> str:
    owners = [member["username"] for member in document["team"] if member["role"] == "owner"]
    if len(owners) != 1:
        raise ValueError(f"team has {len(owners)} members with role owner; name one")
    return str(owners[0])


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
            row_filter=_row_filter(row_filter) if row_filter else None,
            columns=tuple(map(_column, table["properties"])),
            rules=tuple(map(_rule, table.get("quality", []))),
            grain_title=custom["grainZh"],
            absence_title=custom["absenceZh"],
            owner=_owner(document),
            contact=document["support"][0]["channel"],
            versions=_versions(document["version"], custom.get("versions", [])),
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
