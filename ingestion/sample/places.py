"""Where the invented people live: the real townships and villages of the region table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from ingestion.reference_data import regions

_OFFICE_SUFFIX = re.compile(r"(社区)?(村民委员会|居民委员会|村委会|居委会)$")


@dataclass(frozen=True, slots=True)
class Place:
    """One village with the names above it."""

    code: str
    """12 digits."""
    county: str
    township: str
    village: str
    """As the region table writes it, for example 明德村民委员会."""

    @property
    def stem(self) -> str:
        """The bare name; two villages of different townships may share it."""
        return _OFFICE_SUFFIX.sub("", self.village)

    @property
    def short_village(self) -> str:
        """As people write it: 明德村, 龙井社区."""
        return self.stem + ("社区" if "社区" in self.village[len(self.stem) :] else "村")


@cache
def places(county_code: str) -> Sequence[Place]:
    """Villages of the county (6 digits) by code. Raises ValueError when the region table holds none."""
    names = {region.region_code: region.name for region in regions()}
    county = names.get(county_code.ljust(12, "0"))
    villages = sorted(
        (region for region in regions() if region.level_code == "village" and region.region_code[:6] == county_code),
        key=lambda region: region.region_code,
    )
    if county is None or not villages:
        raise ValueError(f"the region table has no county and villages under [{county_code}]; add them to region.csv")
    return tuple(Place(row.region_code, county, names[row.parent_code or ""], row.name) for row in villages)
