"""What a number format makes of a figure: a person reads the cell as it is shown (GEN-20, GEN-24).

The engines give the figure alone, and days as dates where the format says so. A figure that is shown as 2019.10 is
stored as 2019.1, and one that is shown as 95% as 0.95.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import Enum, auto
from math import isfinite


class Shown(Enum):
    """How a format shows a figure, as far as it matters."""

    TWO_DECIMALS = auto()
    PERCENT = auto()
    DAY = auto()
    """A day, perhaps with a time of day."""


_TWO_DECIMALS = re.compile(r"^(\[[^\]]*\])*#?,?#*0\.00(_.)?(;.*)?$")
_SILENT = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
"""Parts of a format that are words, room or conditions and say nothing of the figure."""
_BUILT_IN = {2: Shown.TWO_DECIMALS, 4: Shown.TWO_DECIMALS, 9: Shown.PERCENT, 10: Shown.PERCENT}
_NAMED = {"percent": Shown.PERCENT, "fixed": Shown.TWO_DECIMALS, "standard": Shown.TWO_DECIMALS} | dict.fromkeys(
    ("general date", "long date", "medium date", "short date"), Shown.DAY
)
"""Formats that XML Spreadsheet 2003 calls by name."""
_OCTOBER = re.compile(r"^(?:19|20)\d\d\.1$")


def shown_by_code(code: str) -> Shown | None:
    """What a format code such as ``0.00%`` shows. Elapsed times are no days."""
    if _TWO_DECIMALS.match(code):
        return Shown.TWO_DECIMALS
    first = _SILENT.sub("", code.partition(";")[0]).lower()
    if "%" in first:
        return Shown.PERCENT
    return Shown.DAY if "y" in first or ("d" in first and "m" in first) else None


def shown_by_number(number: int, own: dict[int, str]) -> Shown | None:
    """The same of a format's number in a workbook; ``own``: the codes that the workbook brings along."""
    return shown_by_code(own[number]) if number in own else _BUILT_IN.get(number)


def shown_by_name(name: str) -> Shown | None:
    """The same of a format as XML Spreadsheet 2003 states it: by name or by code."""
    return _NAMED.get(name.lower()) or shown_by_code(name)


def as_shown(figure: float, shown: Shown | None) -> str | None:
    """The text that stands in the cell where the figure alone would say something else; None where it says the same."""
    if not isfinite(figure):
        return None
    if shown is Shown.TWO_DECIMALS:
        text = repr(figure)
        return f"{text}0" if _OCTOBER.match(text) else None
    if shown is Shown.PERCENT:
        hundredfold = (Decimal(repr(figure)) * 100).normalize()
        return f"{hundredfold:f}%"
    return None
