"""Region names and codes of the rows (GEN-29, S-13, S-14)."""

from __future__ import annotations

from ingestion.contract import Demand
from ingestion.normalise.draft import Draft
from ingestion.normalise.regions import Place, Resolved, resolve
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
    known: dict[Place, Resolved] = {}
    columns = {name: draft.values.get(name) for name in PLACE_COLUMNS}
    codes, counties, townships, villages = (
        columns[name] for name in ("region_code", "county_name", "township_name", "village_name")
    )
    for position in range(len(context.raw.rows)):
        if any((position, name) in draft.faulty for name in present):
            continue
        place = Place(
            code=codes[position] if codes else None,
            county=counties[position] if counties else None,
            township=townships[position] if townships else None,
            village=villages[position] if villages else None,
        )
        if place not in known:
            known[place] = resolve(place, context.regions, context.county_code)
        found = known[place]
        if found.rule_id is not None:
            severity = "error" if is_required or found.rule_id == "S-14" else "warning"
            named = "".join(part for part in (place.county, place.township, place.village) if part)
            said = "、".join(part for part in (place.code, named) if part)
            message = f"“{said}”：{catalogue()[found.rule_id].message}"
            draft.report(position, found.rule_id, severity, columns=tuple(present), message=message)
            draft.faulty.update((position, name) for name in PLACE_COLUMNS)
            if codes:
                codes[position] = None
            continue
        if codes:
            codes[position] = found.code
        for values, name in ((counties, found.county), (townships, found.township), (villages, found.village)):
            if values and values[position] is None:
                values[position] = name
