"""What typing a column needs to know besides its cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from hearth.period import Period
from ingestion.contract import Column, Contract
from ingestion.normalise.regions import RegionIndex, index_regions
from ingestion.reference_data import CodeList, code_lists, parameters, regions
from ingestion.table import RawTable


@dataclass(frozen=True)
class Context:
    """Reference data of one month and the properties of one file."""

    period: Period
    county_code: str
    """6 digits."""
    raw: RawTable
    codes: Mapping[str, CodeList]
    regions: RegionIndex
    parameters: Mapping[str, Decimal | str]
    converted: dict[str, dict[str, None]] = field(default_factory=dict)
    """Column -> units that its figures were sent in, other than its own; filled while cells are read."""

    @property
    def contract(self) -> Contract:
        return self.raw.contract

    def code_list(self, column: Column) -> CodeList:
        """Raises KeyError for a contract that names a list nobody keeps."""
        if column.code_list is None or column.code_list not in self.codes:
            raise KeyError(
                f"contract [{self.contract.feed_id}] column [{column.name}]: no code list [{column.code_list}]"
            )
        return self.codes[column.code_list]

    def lengths(self, column: Column) -> frozenset[int]:
        """Lengths that numbers of this column may have, from parameter ``<column>_length``; empty if not known."""
        if column.name == "region_code":
            return frozenset({2, 4, 6, 9, 12})
        stated = self.parameters.get(f"{column.name}_length", "")
        return frozenset(int(part) for part in str(stated).split(",") if part.strip())


def make_context(raw: RawTable, period: Period, county_code: str) -> Context:
    """Reference data valid at the end of the month."""
    day = period.last_day
    valid = [row for row in regions() if row.valid_from <= day and (row.valid_to is None or day <= row.valid_to)]
    return Context(period, county_code, raw, code_lists(), index_regions(valid), parameters(day, county_code))
