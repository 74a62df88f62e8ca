"""Region names and codes of the rows (GEN-29, S-13, S-14)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingestion.columns import as_flags, group_codes
from ingestion.contract import Demand
from ingestion.normalise.draft import Draft, chosen
from ingestion.normalise.regions import Place, resolve
from ingestion.rules import catalogue

PLACE_COLUMNS = ("county_name", "township_name", "village_name", "region_code")
_ALWAYS = (Demand.KEY, Demand.VALUE)


def locate(draft: Draft) -> None:
    """Fill in the 12-digit code from the names and missing names from the code.

    A place that cannot be told rejects the row where the contract requires village or code, else it is a warning and
    the code stays empty; a place in another county always rejects.
    """
    context = draft.context
    by_name = context.contract.by_name
    present = [name for name in PLACE_COLUMNS if name in context.raw.headers]
    if not present:
        return
    is_required = any(name in by_name and by_name[name].demand in _ALWAYS for name in ("village_name", "region_code"))
    columns = {name: draft.values[name] for name in PLACE_COLUMNS if name in draft.values}
    held, places = _distinct_places(columns, draft.size)
    found = [resolve(place, context.regions, context.county_code) for place in places]
    is_open = ~draft.closed(*present)
    unclear = np.array([entry.rule_id is not None for entry in found], np.bool_)[held] & is_open
    for position in chosen(unclear):
        place, rule_id = places[held[position]], found[held[position]].rule_id or ""
        severity = "error" if is_required or rule_id == "S-14" else "warning"
        named = "".join(part for part in (place.county, place.township, place.village) if part)
        said = "、".join(part for part in (place.code, named) if part)
        message = f"“{said}”：{catalogue()[rule_id].message}"
        draft.report(position, rule_id, severity, columns=tuple(present), message=message)
        for name in PLACE_COLUMNS:
            draft.close(position, name)
    where = pa.array(held)
    official = {
        "region_code": [entry.code for entry in found],
        "county_name": [entry.county for entry in found],
        "township_name": [entry.township for entry in found],
        "village_name": [entry.village for entry in found],
    }
    for name, values in columns.items():
        flags = is_open & ~unclear & as_flags(values.is_null())
        if name == "region_code":
            flags = is_open  # the code is made whole also where one was sent
        draft.fill(name, flags, pa.array(official[name], pa.string()).take(where))


def _distinct_places(columns: Mapping[str, pa.Array], size: int) -> tuple[npt.NDArray[np.int64], list[Place]]:
    """Which place each row names, and the different places."""
    codes = group_codes(list(columns.values())) if columns else np.zeros(size, np.int64)
    _, first, held = np.unique(codes, return_index=True, return_inverse=True)
    rows = pa.array(first)
    cells = {name: values.take(rows).to_pylist() for name, values in columns.items()}
    blank = [None] * len(first)
    named = zip(*(cells.get(name, blank) for name in ("region_code", *PLACE_COLUMNS[:3])), strict=True)
    return held.astype(np.int64), [Place(*parts) for parts in named]
