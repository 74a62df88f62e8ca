"""Days with a time of day, local time (GEN-19, S-06)."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from ingestion.normalise.dates import DateContext, EitherMonth, check_day, parse_day, serial_base
from ingestion.normalise.problems import CellProblem
from ingestion.normalise.text import as_text, nfkc
from ingestion.table import CellValue

_CLOCK = re.compile(
    r"(?:\s+|T|(?<=[日号]))(?:(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?|(\d{1,2})[时点](?:(\d{1,2})分(?:(\d{1,2})秒)?)?)$"
)
_SERIAL_FIRST, _SERIAL_LAST = 20_000, 60_000
_NO_TIME = "只有日期，没有时刻"
_FIX = "请按2024-05-08 14:05的写法填写"


def shows_time(cells: list[CellValue]) -> bool:
    """True if a typed cell of the column has a time of day: then those without one are midnight, not days alone.

    A workbook does not tell 2024-05-08 00:00 from 2024-05-08.
    """
    return any(
        isinstance(cell, datetime)
        or (isinstance(cell, float) and _SERIAL_FIRST <= cell <= _SERIAL_LAST and cell != int(cell))
        for cell in cells
    )


def parse_moment(cell: CellValue, context: DateContext) -> datetime:
    """A TIMESTAMP cell, to the second.

    Taken are date-time cells, day numbers with a fraction, and a day in any spelling of a date column followed by
    ``14:05``, ``14:05:00`` or ``14时5分``. A day alone is refused; it is midnight only as a typed cell of a column that
    has times. Raises CellProblem S-06 or R-ALL-05 as for dates.
    """
    moment = _read(cell, context)
    check_day(moment.date(), context)
    return moment


def _read(cell: CellValue, context: DateContext) -> datetime:
    if isinstance(cell, datetime):
        return _whole_second(cell)
    if isinstance(cell, bool) or cell is None:
        raise CellProblem("S-06", fix=_FIX)
    if isinstance(cell, date):
        return _midnight(cell, context)
    if isinstance(cell, int | float):
        if not _SERIAL_FIRST <= cell <= _SERIAL_LAST:
            raise CellProblem("S-06", fix=_FIX)
        if cell == int(cell):
            return _midnight(serial_base(context) + timedelta(days=int(cell)), context)
        return _whole_second(datetime.combine(serial_base(context), time()) + timedelta(days=cell))
    return _from_text(nfkc(as_text(cell)), context)


def _midnight(day: date, context: DateContext) -> datetime:
    if not context.shows_time:
        raise CellProblem("S-06", message=_NO_TIME, fix=_FIX)
    return datetime.combine(day, time())


def _whole_second(moment: datetime) -> datetime:
    """Day numbers are doubles: 14:05:00 may be stored as 14:04:59.999."""
    return (moment + timedelta(microseconds=500_000)).replace(microsecond=0, tzinfo=None)


def _from_text(text: str, context: DateContext) -> datetime:
    match = _CLOCK.search(text)
    if match is None:
        try:
            _, precision = parse_day(text, context, coarser=True)
        except EitherMonth as either:
            raise CellProblem("S-06", fix=_FIX) from either
        raise CellProblem("S-06", message=_NO_TIME if precision == "day" else None, fix=_FIX)
    day, _ = parse_day(text[: match.start()], context, coarser=False)
    hour, minute, second = (int(match[group] or match[group + 3] or 0) for group in (1, 2, 3))
    try:
        return datetime.combine(day, time(hour, minute, second))
    except ValueError as impossible:
        raise CellProblem("S-06", fix=_FIX) from impossible
