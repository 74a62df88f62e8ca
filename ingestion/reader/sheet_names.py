"""What the name of a sheet says: one sheet a township, one a kind of support (GEN-04, layout L10).

A name that says nothing of the kind may be a person's. It stays with its sender: everywhere else the sheet goes by its
place in the workbook, ``工作表2``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

from hearth.period import Period
from ingestion.contract import Column, Contract
from ingestion.normalise.codes import find_code
from ingestion.normalise.regions import name_forms
from ingestion.normalise.text import nfkc
from ingestion.reader.grid import Grid
from ingestion.reader.titles import month_of_sheet
from ingestion.reference_data import code_lists, regions

_BY_PROGRAM = re.compile(r"(?:sheet\d{0,3}|表\d{0,3}|填报|数据)(?:\(\d{1,2}\))?", re.IGNORECASE)
"""Names that programs, our own among them, give a sheet by themselves."""


def take_names(grids: Sequence[Grid], contract: Contract, period: Period) -> Mapping[str, str]:
    """Let sheets go by what intake may keep: a name it understands, else their place.

    Returns the name in the workbook of each sheet that goes by its place.
    """
    own: dict[str, str] = {}
    for place, grid in enumerate(grids, 1):
        if not _is_understood(grid.sheet, contract, period):
            own[f"工作表{place}"] = grid.sheet
            grid.sheet = f"工作表{place}"
    return own


def _is_understood(name: str, contract: Contract, period: Period) -> bool:
    text = "".join(nfkc(name).split())
    return (
        not name
        or (_BY_PROGRAM.fullmatch(text) is not None and text == name)
        or text in (contract.title, contract.feed)
        or text in _places()
        or month_of_sheet(name, period) is not None
        or any(value_of_sheet(column, name) is not None for column in contract.columns)
    )


def value_of_sheet(column: Column, name: str) -> str | None:
    """The name, if the contract lets the column take it and it is one of its values: a code's label, a township."""
    text = "".join(nfkc(name).split())
    if not column.from_sheet or not text:
        return None
    if column.code_list is not None:
        return text if find_code(text, code_lists()[column.code_list]) is not None else None
    return text if text in _townships() else None


@cache
def _places() -> frozenset[str]:
    """Places as sheets are called after them; a village without 村 or 社区 may as well be a person (高峰)."""
    found: set[str] = set()
    for region in regions():
        if region.level_code in ("county", "township"):
            found.update(name_forms(region.name, region.level_code))
        elif region.level_code == "village":
            found.update(form for form in name_forms(region.name, "village") if form.endswith(("村", "社区")))
    return frozenset(found)


@cache
def _townships() -> frozenset[str]:
    found = (region.name for region in regions() if region.level_code == "township")
    return frozenset(form for name in found for form in name_forms(name, "township"))
