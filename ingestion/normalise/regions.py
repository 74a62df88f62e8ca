"""Region names to 12-digit codes and back (GEN-29, S-13, S-14)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from ingestion.normalise.text import nfkc
from ingestion.reference_data import code_lists

# What a name may end in, by level: longer endings first. One after another may go while two characters remain.
_OFFICES = {
    "village": (("村民委员会", "村"), ("村委会", "村"), ("行政村", "村"), ("居民委员会", ""), ("居委会", "")),
    "township": (("街道办事处", "街道"), ("人民政府", "")),
    "county": (("人民政府", ""),),
}
_SUFFIXES = {
    "village": ("嘎查村", "嘎查", "社区", "村"),
    "township": ("民族乡", "苏木", "街道", "镇", "乡"),
    "county": ("自治县", "自治旗", "旗", "县", "区", "市"),
}
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
    by_form: Mapping[tuple[str, str], frozenset[str]] = field(repr=False)
    """(parent code, any shorter form of the name) -> codes."""

    def find(self, parent: str, name: str, level: str) -> str | None:
        """The one child of `parent` with this name. The full name counts most, then the form closest to what was
        written; where that fits two regions it is never guessed."""
        found = self.by_name.get((parent, name))
        for form in name_forms(name, level):
            found = found or self.by_form.get((parent, form))
        return next(iter(found)) if found and len(found) == 1 else None


def index_regions(rows: Iterable[RegionRow]) -> RegionIndex:
    """Build the index of the rows given; select those valid in the month before."""
    names: dict[str, str] = {}
    levels: dict[str, str] = {}
    parents: dict[str, str | None] = {}
    full: dict[tuple[str, str], set[str]] = {}
    forms: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        names[row.region_code], levels[row.region_code] = row.name, row.level_code
        parents[row.region_code] = row.parent_code or None
        parent = row.parent_code or ""
        full.setdefault((parent, label(row.name)), set()).add(row.region_code)
        for form in name_forms(label(row.name), row.level_code):
            forms.setdefault((parent, form), set()).add(row.region_code)
    return RegionIndex(names, levels, parents, _frozen(full), _frozen(forms))


def _frozen(found: Mapping[tuple[str, str], set[str]]) -> dict[tuple[str, str], frozenset[str]]:
    return {key: frozenset(codes) for key, codes in found.items()}


def label(name: str) -> str:
    """A region name without blanks and brackets, half-width."""
    return re.sub(r"[\s()（）]+", "", nfkc(name))


@cache
def name_forms(name: str, level: str) -> tuple[str, ...]:
    """The name and its shorter forms, longest first: 右文社区村民委员会, 右文社区村, 右文社区, 右文."""
    forms = [name]
    for office, short in _OFFICES.get(level, ()):
        if name.endswith(office) and len(name) - len(office) >= 2:
            name = name.removesuffix(office) + short
            forms.append(name)
            break
    if level == "township" and (peoples := _peoples().match(name)):
        forms.append(peoples[1])
        return tuple(dict.fromkeys(forms))
    for suffix in _SUFFIXES.get(level, ()) * 2:
        if name.endswith(suffix) and len(name) - len(suffix) >= 2:
            name = name.removesuffix(suffix)
            forms.append(name)
            if level != "village":
                break
    return tuple(dict.fromkeys(forms))


@cache
def _peoples() -> re.Pattern[str]:
    """A township of one or several peoples: 湾甸傣族乡 is called 湾甸 and 湾甸乡."""
    names = "|".join(entry.label.removesuffix("族") for entry in code_lists()["ethnicity"].codes)
    return re.compile(rf"^(.{{2,}}?)(?:(?:{names})族)+(?:自治)?乡$")


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
    if place.county is not None and not _same_name(place.county, index.names.get(county, ""), "county"):
        return Resolved(rule_id="S-14")
    if place.township is None:
        return Resolved(rule_id="S-13") if place.village is not None else Resolved()
    township = index.find(county, place.township, "township")
    if township is None:
        return Resolved(rule_id="S-13")
    if place.village is None:
        return _named(township, index)
    village = index.find(township, place.village, "village")
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
        (place.county, found.county, "county"),
        (place.township, found.township, "township"),
        (place.village, found.village, "village"),
    )
    if any(
        said is not None and known is not None and not _same_name(said, known, level) for said, known, level in pairs
    ):
        return Resolved(rule_id="S-13")
    if place.village is not None and found.village is None:
        # The code stops at the township: the names say more.
        return resolve(Place(None, place.county, found.township, place.village), index, county[:6])
    return found


def _same_name(said: str, known: str, level: str) -> bool:
    known = label(known)
    return said == known or not set(name_forms(said, level)).isdisjoint(name_forms(known, level))


def _named(code: str, index: RegionIndex) -> Resolved:
    found: dict[str, str] = {}
    step: str | None = code
    while step is not None and step in index.names:
        found[index.levels[step]] = index.names[step]
        step = index.parents[step]
    return Resolved(code, found.get("county"), found.get("township"), found.get("village"))
