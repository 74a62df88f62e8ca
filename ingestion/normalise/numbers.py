"""Whole numbers and decimals (GEN-22 to GEN-25, S-07). A figure is read whole or not at all."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from math import isfinite

from ingestion.normalise.problems import CellProblem
from ingestion.normalise.text import as_text, nfkc, plain_number
from ingestion.normalise.units import factor
from ingestion.table import CellValue

_PLAIN = re.compile(r"^-?[0-9]+(?:\.[0-9]+)?$")
_GROUPED = re.compile(r"^-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?$")
_WITH_UNIT = re.compile(r"^[¥$]?(-?[0-9][0-9,]*(?:\.[0-9]+)?)([^0-9.,\-]*)$")
_SPAN = re.compile(
    r"^(?:([0-9]+(?:\.[0-9]+)?)(?:天|日))?(?:([0-9]+(?:\.[0-9]+)?)(?:小时|时|h))?(?:([0-9]+(?:\.[0-9]+)?)(?:分钟|分|min))?$"
)
_LARGEST = Decimal(10) ** 12
"""numeric(14, 2) ends here."""


def split_number(cell: CellValue) -> tuple[Decimal, str]:
    """A number and the unit text behind it (``3.5万元`` -> 3.5, 万元). Raises CellProblem S-07."""
    if isinstance(cell, bool):
        raise CellProblem("S-07")
    if isinstance(cell, int):
        return Decimal(cell), ""
    if isinstance(cell, float):
        if not isfinite(cell):
            raise CellProblem("S-07")
        return Decimal(plain_number(cell)), ""
    text = re.sub(r"\s+", "", nfkc(as_text(cell)).replace("−", "-")) if isinstance(cell, str) else ""
    match = _WITH_UNIT.match(text)
    if match is None:
        raise CellProblem("S-07")
    digits, unit = match[1], match[2]
    if "," in digits:
        if not _GROUPED.match(digits):
            raise CellProblem("S-07")
        digits = digits.replace(",", "")
    if not _PLAIN.match(digits):
        raise CellProblem("S-07")
    return Decimal(digits), unit


def one_unit(cell: CellValue, unit: str | None) -> CellValue:
    """A span of time in several units as one figure, ``1小时30分`` -> ``90分``, for a column that measures time
    (GEN-25); any other cell as it is."""
    if not isinstance(cell, str) or unit is None or factor("分", unit) is None:
        return cell
    match = _SPAN.match(re.sub(r"\s+", "", nfkc(cell)))
    if match is None or sum(part is not None for part in match.groups()) < 2:
        return cell
    days, hours, minutes = (Decimal(part or 0) for part in match.groups())
    return f"{days * 1440 + hours * 60 + minutes:f}分"


def parse_decimal(
    cell: CellValue,
    *,
    unit: str | None = None,
    header_unit: str | None = None,
    title_unit: str | None = None,
    scale: int = 2,
) -> Decimal:
    """A figure in the contract's `unit`, rounded half up to `scale` decimals.

    The unit sent is the one in the header, else behind the figure, else of the title rows, else the contract's
    (GEN-22). A unit in the cell that contradicts the header, or that measures something else, is refused: guessing
    wrong here is wrong by a factor of ten thousand. Raises CellProblem S-07 or S-08.
    """
    number, written = split_number(one_unit(cell, unit))
    sent = _unit_sent(written, unit, header_unit, title_unit)
    if sent is not None and unit is not None:
        times = factor(sent, unit)
        if times is None:
            raise CellProblem("S-07")
        number *= times
    # Twice: rounding has room for 28 digits only, and it may lift a figure over the edge.
    if abs(number) >= _LARGEST or abs(number := to_scale(number, scale)) >= _LARGEST:
        raise CellProblem("S-07", message="大得不合理")
    return number


def _unit_sent(written: str, unit: str | None, header_unit: str | None, title_unit: str | None) -> str | None:
    if not written:
        return header_unit or title_unit
    if unit is None:
        raise CellProblem("S-07")
    if header_unit is not None and factor(written, header_unit) != 1:
        raise CellProblem("S-07", message="的单位与表头不一致", fix="请只填数字，单位写在表头")
    return written


def converted_from(cell: CellValue, unit: str | None, stated: str | None) -> str | None:
    """The unit that a figure was sent in, where it is not the column's; ``stated`` by its header or title row."""
    sent = stated
    if isinstance(cell, str) and not cell[-1:].isdigit():
        sent = split_number(one_unit(cell, unit))[1] or stated
    return sent if sent is not None and unit is not None and factor(sent, unit) not in (None, 1) else None


def to_scale(number: Decimal, scale: int) -> Decimal:
    """Rounded half up to `scale` decimals."""
    return number.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_UP)


def parse_int(
    cell: CellValue, *, unit: str | None = None, header_unit: str | None = None, title_unit: str | None = None
) -> int:
    """A whole number; 3.0 is 3, 3.5 is refused. What another unit made broken is rounded: 1.33 h is 80 minutes.

    Raises CellProblem S-07.
    """
    number = parse_decimal(cell, unit=unit, header_unit=header_unit, title_unit=title_unit, scale=9)
    sent = _unit_sent(split_number(one_unit(cell, unit))[1], unit, header_unit, title_unit)
    if sent is not None and unit is not None and factor(sent, unit) not in (None, 1):
        number = to_scale(number, 0)
    if number != number.to_integral_value():
        raise CellProblem("S-07", message="不是整数")
    return int(number)


def states_percent(cell: CellValue) -> bool:
    """True for a cell that carries its own percent sign."""
    return isinstance(cell, str) and "%" in nfkc(cell)
