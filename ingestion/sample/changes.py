"""Small words in which the data files say whom something happens to and what is then written instead of the truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from hearth.period import Period
from ingestion.sample.records import Value

Where = Mapping[str, Any]
"""Column -> a list of values, ``{min, max}``, ``given`` or ``empty``. ``age`` is that on the last day of the month."""

Change = Mapping[str, Any]
"""Column -> the value written, a list for a list of codes, or one operation as ``{name: argument}``; see `_OPERATIONS`.
Columns change one after the other, so a later one may copy an earlier one."""


def _age(values: Mapping[str, Value], period: Period) -> int | None:
    born, day = values.get("birth_date"), period.last_day
    if born is None:
        text = str(values.get("id_number") or values.get("head_id_number") or "")[6:14]
        born = date(int(text[:4]), int(text[4:6]), int(text[6:])) if text else None
    if not isinstance(born, date):
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


_DERIVED: Mapping[str, Callable[[Mapping[str, Value], Period], Any]] = {
    "age": _age,
    "ends_in_x": lambda values, _period: str(values.get("id_number")).endswith("X"),
}
"""What the conditions may ask that is no column."""


def fits(values: Mapping[str, Value], where: Where, period: Period) -> bool:
    """The record is one of those meant. Raises ValueError for a condition of no known form."""
    for name, wanted in where.items():
        value: Any = _DERIVED[name](values, period) if name in _DERIVED else values.get(name)
        match wanted:
            case "given":
                is_met = value not in (None, "", ())
            case "empty":
                is_met = value in (None, "", ())
            case list():
                is_met = (list(value) in wanted) if isinstance(value, tuple) else value in wanted
            case {"min": low, "max": high}:
                is_met = value is not None and low <= value <= high
            case _:
                raise ValueError(f"condition [{name}: {wanted}] is neither given, empty, a list nor min and max")
        if not is_met:
            return False
    return True


def _later(value: Any, months: int) -> Value:
    if isinstance(value, Period):
        return value.shift(months)
    moved = Period.containing(value).shift(months)
    return value.replace(year=moved.year, month=moved.month, day=min(value.day, moved.last_day.day))  # type: ignore[no-any-return]  # a date or a moment, whichever came


_OPERATIONS: Mapping[str, Callable[[Any, Any, Mapping[str, Value], Period], Value]] = {
    "add": lambda value, by, _values, _period: round(value + by, 2),
    "times": lambda value, by, _values, _period: round(value * by, 2),
    "copy": lambda _value, column, values, _period: values[column],
    "only": lambda _value, column, values, _period: (str(values[column]),),
    "round": lambda value, base, _values, _period: float(round(value / base) * base),
    "spread": lambda _value, ends, values, _period: float(
        ends[0] + sum(str(values["household_no"]).encode()) * 37 % (ends[1] - ends[0])
    ),
    "fixed": lambda value, figure, values, _period: (
        round(figure * (sum(str(values["account_no"]).encode()) % 9 + 4) / 8, 2) if value else value
    ),
    "days": lambda value, by, _values, _period: value + timedelta(days=by),
    "months": lambda value, by, _values, _period: _later(value, by),
    "month": lambda _value, by, _values, period: period.shift(by),
    "day": lambda _value, by, _values, period: period.first_day + timedelta(days=by),
    "year": lambda _value, by, _values, period: period.year + by,
}
"""add, times: of a figure; copy: another column; only: another column as the only code of a list; round: to whole
multiples; spread: somewhere between two ends; fixed: the same every month; `bump`: the grade in a disability
certificate's number is another; days, months: moves a
date or month; month, day, year: counted from the month reported."""


def changed(values: Mapping[str, Value], change: Change, period: Period) -> dict[str, Value]:
    """The values as they are written. Raises KeyError for an operation or a column that is not known."""
    written = dict(values)
    for name, new in change.items():
        if name not in written:
            raise KeyError(f"column [{name}] is not one the subject knows")
        match new:
            case dict():
                ((operation, argument),) = new.items()
                written[name] = _OPERATIONS[operation](written[name], argument, written, period)
            case "bump":
                text = str(written[name])
                written[name] = text[:19] + str(int(text[19]) % 4 + 1) + text[20:]
            case list():
                written[name] = tuple(new)
            case _:
                written[name] = new
    return written
