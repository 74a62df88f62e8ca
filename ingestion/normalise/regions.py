"""Region names to 12-digit codes and back (GEN-29, S-13, S-14)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ingestion.normalise.text import nfkc

_VILLAGE_SUFFIXES = ("村民委员会", "居民委员会", "村委会", "居委会", "社区", "嘎查村", "嘎查", "行政村")
_TOWNSHIP_SUFFIXES = ("街道办事处", "民族乡", "苏木", "街道", "镇", "乡")
_COUNTY_SUFFIXES = ("自治县", "自治旗", "旗", "县", "区", "市")
_WIDTHS = (2, 4, 6, 9, 12)


class RegionRow(Protocol):
    """What is read of one row of reference.region."""

    @property
    def region_code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def level_code(self) -> str: ...
    @property
    def parent_code(self) -> str | None: ...


@dataclass(frozen=True)
class RegionIndex:
    """The regions valid in a month, by code and by name within their parent."""

    names: Mapping[str, str]
    levels: Mapping[str, str]
    parents: Mapping[str, str | None]
    by_name: Mapping[tuple[str, str], frozenset[str]] = field(repr=False)
    """(parent code, full name) -> codes."""
    by_short_name: Mapping[tuple[str, str], frozenset[str]] = field(repr=False)
    """(parent code, name without its level word) -> codes."""

    def find(self, parent: str, name: str, suffixes: tuple[str, ...]) -> str | None:
        """The one child of `parent` with this name; full names first, a tie is never guessed."""
        found = self.by_name.get((parent, name)) or self.by_short_name.get((parent, stripped(name, suffixes)))
        return next(iter(found)) if found and len(found) == 1 else None


def index_regions(rows: Iterable[RegionRow]) -> RegionIndex:
    """Build the index of the rows given; select those valid in the month before."""
    names: dict[str, str] = {}
    levels: dict[str, str] = {}
    parents: dict[str, str | None] = {}
    full: dict[tuple[str, str], set[str]] = {}
    short: dict[tuple[str, str], set[str]] = {}
    suffixes = {"village": _VILLAGE_SUFFIXES, "township": _TOWNSHIP_SUFFIXES, "county": _COUNTY_SUFFIXES}
    for row in rows:
        names[row.region_code], levels[row.region_code] = row.name, row.level_code
        parents[row.region_code] = row.parent_code or None
        parent = row.parent_code or ""
        full.setdefault((parent, label(row.name)), set()).add(row.region_code)
        bare = stripped(label(row.name), suffixes.get(row.level_code, ()))
        short.setdefault((parent, bare), set()).add(row.region_code)
    return RegionIndex(names, levels, parents, _frozen(full), _frozen(short))


def _frozen(found: Mapping[tuple[str, str], set[str]]) -> dict[tuple[str, str], frozenset[str]]:
    return {key: frozenset(codes) for key, codes in found.items()}


def label(name: str) -> str:
    """A region name without blanks and brackets, half-width."""
    return re.sub(r"[\s()（）]+", "", nfkc(name))


def stripped(name: str, suffixes: tuple[str, ...]) -> str:
    """The name without its level word, if two characters remain; then without a trailing 村."""
    for suffix in suffixes:
        if name.endswith(suffix) and len(name) - len(suffix) >= 2:
            name = name.removesuffix(suffix)
            break
    if suffixes is _VILLAGE_SUFFIXES and name.endswith("村") and len(name) >= 3:
        name = name[:-1]
    return name


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row says it is, as sent (labels cleaned, None for blank)."""

    code: str | None
    county: str | None
    township: str | None
    village: str | None


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where it is. `rule_id` is set, and the rest None, if that cannot be said."""

    code: str | None = None
    county: str | None = None
    township: str | None = None
    village: str | None = None
    rule_id: str | None = None


def resolve(place: Place, index: RegionIndex, county_code: str) -> Resolved:
    """The 12-digit code and the official names of a place of the county `county_code` (6 digits).

    A code must agree with the names beside it. Names are looked up level by level, a village only within its township.
    S-13: unknown, ambiguous or contradictory. S-14: another county.
    """
    county = county_code.ljust(12, "0")
    if place.code is not None:
        return _by_code(place, index, county)
    if place.county is not None and not _same_name(place.county, index.names.get(county, ""), _COUNTY_SUFFIXES):
        return Resolved(rule_id="S-14")
    if place.township is None:
        return Resolved(rule_id="S-13") if place.village is not None else Resolved()
    township = index.find(county, place.township, _TOWNSHIP_SUFFIXES)
    if township is None:
        return Resolved(rule_id="S-13")
    if place.village is None:
        return _named(township, index)
    village = index.find(township, place.village, _VILLAGE_SUFFIXES)
    return Resolved(rule_id="S-13") if village is None else _named(village, index)


def _by_code(place: Place, index: RegionIndex, county: str) -> Resolved:
    digits = (place.code or "").removesuffix(".0")
    if not digits.isascii() or not digits.isdigit() or len(digits) not in _WIDTHS:
        return Resolved(rule_id="S-13")
    code = digits.ljust(12, "0")
    if len(digits) >= 6 and code[:6] != county[:6]:
        return Resolved(rule_id="S-14")
    if code not in index.names:
        return Resolved(rule_id="S-13")
    found = _named(code, index)
    pairs = (
        (place.county, found.county, _COUNTY_SUFFIXES),
        (place.township, found.township, _TOWNSHIP_SUFFIXES),
        (place.village, found.village, _VILLAGE_SUFFIXES),
    )
    if any(said is not None and known is not None and not _same_name(said, known, cut) for said, known, cut in pairs):
        return Resolved(rule_id="S-13")
    if place.village is not None and found.village is None:
        # The code stops at the township: the names say more.
        return resolve(Place(None, place.county, found.township, place.village), index, county[:6])
    return found


def _same_name(said: str, known: str, suffixes: tuple[str, ...]) -> bool:
    known = label(known)
    return said == known or stripped(said, suffixes) == stripped(known, suffixes)


def _named(code: str, index: RegionIndex) -> Resolved:
    found: dict[str, str] = {}
    step: str | None = code
    while step is not None and step in index.names:
        found[index.levels[step]] = index.names[step]
        step = index.parents[step]
    return Resolved(code, found.get("county"), found.get("township"), found.get("village"))
