"""The rules that the code judges (F, S, R-ALL, RG-HH-01), as data. Other rules of one feed stand in its contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml

RULES_ROOT = Path(__file__).parent / "rules"

_ALLOWED: Mapping[str, frozenset[str]] = {
    "stage": frozenset({"file", "schema", "row", "household", "history"}),
    "severity": frozenset({"error", "warning", "info"}),
    "scope": frozenset({"file", "row"}),
    "dimension": frozenset({"completeness", "conformity", "consistency", "timeliness", "truthfulness", "uniqueness"}),
}


@dataclass(frozen=True, slots=True)
class CatalogueRule:
    """One rule of all feeds; the code that judges it refers to it by `rule_id`."""

    rule_id: str
    stage: str
    severity: str
    """``error``, ``warning`` or ``info``."""
    scope: str
    """What an error refuses: the whole ``file``, or the ``row`` only."""
    dimension: str
    owner: str
    description: str
    """What must hold, in English; parameters in braces."""
    message: str
    """What is wrong, in Chinese, for the sender."""
    fix: str
    """How to mend it, in Chinese."""
    source: str


def _read(path: Path) -> dict[str, CatalogueRule]:
    found: dict[str, CatalogueRule] = {}
    names = {entry.name for entry in fields(CatalogueRule)}
    for node in yaml.safe_load(path.read_text(encoding="utf-8")):
        rule_id = node.get("rule_id")
        if set(node) != names:
            raise ValueError(f"rules [{path.name}] rule [{rule_id}]: properties must be {sorted(names)}")
        for name, allowed in _ALLOWED.items():
            if node[name] not in allowed:
                raise ValueError(f"rules [{path.name}] rule [{rule_id}]: {name} [{node[name]}] is not allowed")
        if rule_id in found:
            raise ValueError(f"rules [{path.name}]: [{rule_id}] stands twice")
        found[rule_id] = CatalogueRule(**node)
    return found


@cache
def catalogue() -> Mapping[str, CatalogueRule]:
    """All rules of all feeds by id: file rules, schema rules, row rules. Raises ValueError for a malformed file."""
    found: dict[str, CatalogueRule] = {}
    for name in ("file.yaml", "schema.yaml", "row.yaml"):
        found.update(_read(RULES_ROOT / name))
    return MappingProxyType(found)
