"""Reference data that ships with the code: code lists, regions, dated parameters. Read once a process, never written.

The same files fill schema ``reference`` (``ingestion.raw_tables``); their sources stand in ``reference/README.md``.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache, cached_property
from pathlib import Path

REFERENCE_ROOT = Path(__file__).parent / "reference"

_BLANKS = re.compile(r"\s+")
_BETWEEN = " -_—–.、:|/"
"""What may stand between a code and its label: 01 农村低保, 01-农村低保."""


def _clean(text: str) -> str:
    return _BLANKS.sub(" ", unicodedata.normalize("NFKC", text)).strip()


@dataclass(frozen=True, slots=True)
class Code:
    """One entry of a code list."""

    code: str
    label: str
    aliases: tuple[str, ...]
    sort_order: int


@dataclass(frozen=True)
class CodeList:
    """A named list of codes, in the order in which a drop-down shows them."""

    name: str
    codes: tuple[Code, ...]

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Code -> label."""
        return {entry.code: entry.label for entry in self.codes}

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for entry in self.codes:
            for text in (entry.code, entry.label, *entry.aliases):
                spelling = _clean(text)
                if found.setdefault(spelling, entry.code) != entry.code:
                    raise ValueError(f"code list [{self.name}]: [{text}] stands for two codes; remove one alias")
        return found

    def lookup(self, text: str) -> str | None:
        """The code that `text` means, or None if it is not in the list; nothing defaults to "other" (GEN-26, S-10).

        `text` may be the code, its label, an alias, or code and label together, parted or not.
        """
        spelling = _clean(text)
        known = self._spellings
        if spelling in known:
            return known[spelling]
        if self.name == "ethnicity" and spelling.endswith("族") and len(spelling) > 1:
            return self.lookup(spelling[:-1])
        for entry in self.codes:
            if spelling.startswith(entry.code):
                rest = spelling[len(entry.code) :].lstrip(_BETWEEN)
                if rest and self.lookup(rest) == entry.code:
                    return entry.code
        return None


@dataclass(frozen=True, slots=True)
class Region:
    """One row of the division-code table; codes are padded to 12 digits. None: not known."""

    region_code: str
    name: str
    level_code: str
    """province, prefecture, county, township or village."""
    parent_code: str | None
    valid_from: date
    valid_to: date | None
    successor_code: str | None
    """Code that took its place when it ended (merger, renaming); None: it keeps its own."""
    is_poor_village: bool | None
    is_ecological_zone: bool | None
    is_water_short_zone: bool | None
    source: str


@dataclass(frozen=True, slots=True)
class Threshold:
    """One dated value of a parameter; a changed value is a new row."""

    parameter_code: str
    region_code: str
    """Empty: the whole country."""
    valid_from: date
    valid_to: date | None
    value: str
    unit: str
    clause: str
    source: str

    def valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Indicator:
    """One row of the indicator registry, in the words of the notices; what a query makes of it stands elsewhere."""

    name_zh: str
    name_en: str
    grain: str
    formula_class: str
    """ratio, progress (towards a target), count, median, percentile_95 or difference."""
    unit: str
    levels: tuple[str, ...]
    """village, township, county: where it is shown."""
    numerator: str
    denominator: str
    unknown_rule: str
    """U1 to U4: what a missing value does."""
    direction: str
    threshold: str
    lead: str
    feeds: str
    clause: str
    worked_example: str
    is_first_release: bool
    """The feeds of the first release answer it."""
    not_answerable_because: str


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (REFERENCE_ROOT / name).open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream, strict=True)


def _optional_date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _optional_bool(text: str) -> bool | None:
    return {"": None, "true": True, "false": False}[text]


@cache
def code_lists() -> Mapping[str, CodeList]:
    """All code lists by name."""
    gathered: dict[str, list[Code]] = {}
    for row in _rows("code_list.csv"):
        aliases = tuple(filter(None, row["aliases"].split(";")))
        entry = Code(row["code"], row["label"], aliases, int(row["sort_order"]))
        gathered.setdefault(row["list_name"], []).append(entry)
    return {
        name: CodeList(name, tuple(sorted(codes, key=lambda code: code.sort_order))) for name, codes in gathered.items()
    }


@cache
def regions() -> tuple[Region, ...]:
    """All regions, parents before children."""
    return tuple(
        Region(
            region_code=row["region_code"],
            name=row["name"],
            level_code=row["level_code"],
            parent_code=row["parent_code"] or None,
            valid_from=date.fromisoformat(row["valid_from"]),
            valid_to=_optional_date(row["valid_to"]),
            successor_code=row["successor_code"] or None,
            is_poor_village=_optional_bool(row["is_poor_village"]),
            is_ecological_zone=_optional_bool(row["is_ecological_zone"]),
            is_water_short_zone=_optional_bool(row["is_water_short_zone"]),
            source=row["source"],
        )
        for row in _rows("region.csv")
    )


@cache
def thresholds() -> tuple[Threshold, ...]:
    """All dated parameters."""
    return tuple(
        Threshold(
            parameter_code=row["parameter_code"],
            region_code=row["region_code"],
            valid_from=date.fromisoformat(row["valid_from"]),
            valid_to=_optional_date(row["valid_to"]),
            value=row["value"],
            unit=row["unit"],
            clause=row["clause"],
            source=row["source"],
        )
        for row in _rows("threshold.csv")
    )


@cache
def indicators() -> Mapping[str, Indicator]:
    """The indicator registry by code."""
    return {
        row.pop("indicator_code"): Indicator(
            levels=tuple(row.pop("levels").split(";")),
            is_first_release=_optional_bool(row.pop("is_first_release")) is True,
            **row,
        )
        for row in _rows("indicator.csv")
    }


def _places(region_code: str) -> tuple[str, ...]:
    """The region and everything it lies in, nearest first, the country ('') last."""
    code = region_code.ljust(12, "0") if region_code else ""
    wider = [code[:digits].ljust(12, "0") for digits in (12, 9, 6, 4, 2)] if code else []
    return (*dict.fromkeys(wider), "")


def _in_force(on: date, region_code: str) -> Mapping[str, str]:
    rank = {place: position for position, place in enumerate(_places(region_code))}
    best: dict[str, Threshold] = {}
    for row in thresholds():
        if row.region_code not in rank or not row.valid_on(on):
            continue
        held = best.get(row.parameter_code)
        # The nearest place wins; of one place, the newest row.
        if held is None or (-rank[row.region_code], row.valid_from) > (-rank[held.region_code], held.valid_from):
            best[row.parameter_code] = row
    return {code: row.value for code, row in best.items()}


def parameter(code: str, on: date, region_code: str = "") -> str:
    """Value of a parameter on a day, as text. A place beats what it lies in; a newer row beats an older one.

    `region_code` has 6 to 12 digits; empty asks for the value of the whole country. Raises KeyError when no row is
    in force: a missing parameter is never guessed.
    """
    try:
        return _in_force(on, region_code)[code]
    except KeyError:
        raise KeyError(f"parameter [{code}] has no row valid on [{on}] for region [{region_code}]") from None


def parameters(on: date, region_code: str = "") -> dict[str, Decimal | str]:
    """All parameters in force on a day, by code: a number where the value reads as one, else the text."""
    typed: dict[str, Decimal | str] = {}
    for code, value in sorted(_in_force(on, region_code).items()):
        try:
            typed[code] = Decimal(value)
        except InvalidOperation:
            typed[code] = value
    return typed
