"""The subjects a department's habit may name, and who knows their rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ingestion.sample import aid, care, networks, records, services, welfare, works
from ingestion.sample.records import Record
from ingestion.sample.state import State

SUBJECTS: Mapping[str, Callable[[State], list[Record]]] = {
    "households": records.households,
    "members": records.members,
    "allowances": services.allowances,
    "supported": welfare.supported,
    "disabled": welfare.disabled,
    "insured": services.insured,
    "visits": care.visits,
    "signed": care.signed,
    "pupils": services.pupils,
    "aided": aid.aided,
    "absences": services.absences,
    "houses": services.houses,
    "renovations": works.renovations,
    "taps": services.taps,
    "waterworks": networks.waterworks,
    "meters": services.meters,
    "transformers": networks.transformers,
    "outages": networks.outages,
    "voltages": networks.voltages,
}
"""Name in ``offices/*.yaml`` -> the month's rows as they truly are."""
