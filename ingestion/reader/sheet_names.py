"""What the name of a sheet says: one sheet a township, one a kind of support (GEN-04, layout L10)."""

from __future__ import annotations

from functools import cache

from ingestion.contract import Column
from ingestion.normalise.codes import find_code
from ingestion.normalise.regions import name_forms
from ingestion.normalise.text import nfkc
from ingestion.reference_data import code_lists, regions


def value_of_sheet(column: Column, name: str) -> str | None:
    """The name, if the contract lets the column take it and it is one of its values: a code's label, a township."""
    text = "".join(nfkc(name).split())
    if not column.from_sheet or not text:
        return None
    if column.code_list is not None:
        return text if find_code(text, code_lists()[column.code_list]) is not None else None
    return text if text in _townships() else None


@cache
def _townships() -> frozenset[str]:
    found = (region.name for region in regions() if region.level_code == "township")
    return frozenset(form for name in found for form in name_forms(name, "township"))
