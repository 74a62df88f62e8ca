"""Where the invented people live: the real townships and villages of the region table."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REGION_CSV = Path(__file__).parent.parent / "reference" / "region.csv"
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
    def short_village(self) -> str:
        """As people write it: 明德村, 龙井社区."""
        stem = _OFFICE_SUFFIX.sub("", self.village)
        return stem + ("社区" if "社区" in self.village[len(stem) :] else "村")

    @property
    def stem(self) -> str:
        """The bare name; two villages of different townships may share it."""
        return _OFFICE_SUFFIX.sub("", self.village)


@cache
def places(county_code: str, source: Path = REGION_CSV) -> Sequence[Place]:
    """Villages of the county by code. Raises ValueError when the region table holds none."""
    with source.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["region_code"].startswith(county_code)]
    names = {row["region_code"]: row["name"] for row in rows}
    county = next((row["name"] for row in rows if row["level_code"] == "county"), None)
    villages = sorted((row for row in rows if row["level_code"] == "village"), key=lambda row: row["region_code"])
    if county is None or not villages:
        raise ValueError(f"[{source.name}] has no county and villages under [{county_code}]; add them to the region table")
    return tuple(Place(row["region_code"], county, names[row["parent_code"]], row["name"]) for row in villages)
