"""Every kind of planted trouble, read from ``kinds/*.yaml``: what it is called, which rule is to see it, and when."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

ROOT = Path(__file__).parent / "kinds"

Family = Literal[
    "cell",
    "identity",
    "duplicate",
    "household",
    "form",
    "file",
    "timing",
    "contradiction",
    "history",
    "look_alike",
]
Effect = Literal["refused", "warned", "file", "noted", "later", "accepted"]


class Entry(BaseModel):
    """One kind. Raises ValidationError for a look-alike without `not_rule` and for trouble without a rule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    family: Family
    effect: Effect
    zh: str
    en: str
    rule: str = ""
    """Catalogue rule that is to see it; empty for a look-alike."""
    not_rule: str = ""
    """For a look-alike: the rule that may not be misled by it."""
    how: str = ""
    """What is done to the row, where the kind's name does not say it (``defects.py``)."""

    @model_validator(mode="after")
    def _has_its_rule(self) -> Entry:
        if (self.family == "look_alike") != (self.effect == "accepted"):
            raise ValueError(f"[{self.zh}]: family look_alike and effect accepted belong together")
        if bool(self.rule) == (self.effect == "accepted") or bool(self.not_rule) != (self.effect == "accepted"):
            raise ValueError(f"[{self.zh}]: trouble names its rule, a look-alike the rule it must not fool")
        return self

    @property
    def judged(self) -> Literal["intake", "later"]:
        """Who judges it today."""
        return "later" if self.effect == "later" else "intake"


@cache
def kinds() -> Mapping[str, Entry]:
    """Name -> kind. Raises ValueError for a name used twice."""
    found: dict[str, Entry] = {}
    for path in sorted(ROOT.glob("*.yaml")):
        for name, node in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            if name in found:
                raise ValueError(f"kind [{name}] of [{path.name}] is defined twice")
            found[name] = Entry.model_validate(node)
    return found
