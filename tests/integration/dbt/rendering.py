"""SQL of the project put together without dbt: its macros as functions, its models as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2

from hearth.dbt import PROJECT_DIR

_JINJA = jinja2.Environment(autoescape=False, extensions=["jinja2.ext.do"])  # noqa: S701 - SQL, no HTML


def render(text: str, /, **given: Any) -> str:
    """The text with what dbt would give it."""
    return _JINJA.from_string(text).render(**given)


def macro_text(*files: str) -> str:
    """Files of ``macros/``, one behind the other."""
    return "\n".join((Path(PROJECT_DIR) / "macros" / f"{name}.sql").read_text(encoding="utf-8") for name in files)


def macros(*files: str, **given: Any) -> Mapping[str, Callable[..., Any]]:
    """The macros of these files by name. ``given``: what of dbt they need."""
    return vars(_JINJA.from_string(macro_text(*files)).make_module(given))


def returned(name: str, *files: str, **given: Any) -> tuple[Any, Mapping[str, Callable[..., Any]]]:
    """What a macro hands to dbt's ``return``, and all macros of the files."""
    kept: list[Any] = []

    def keep(value: Any) -> str:
        kept.append(value)
        return ""

    found = macros(*files, **given, **{"return": keep})
    found[name]()
    return kept[0], found
