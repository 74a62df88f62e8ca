"""Dates, months and years (GEN-19, GEN-20, S-06)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hearth.period import Period
from ingestion.normalise.problems import CellProblem
from ingestion.normalise.text import as_text, nfkc
from ingestion.table import CellValue

_CHINESE_DIGITS = str.maketrans("〇零○Ｏ一二三四五六七八九", "0000123456789")
_DAY = re.compile(
    r"^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})$|^(\d{4})年(\d{1,2})月(\d{1,2})[日号]?$|^(\d{4})(\d{2})(\d{2})$"
)
_MONTH = re.compile(r"^(\d{4})[-/.](\d{1,2})$|^(\d{4})年(\d{1,2})月份?$|^(\d{4})(\d{2})$")
_YEAR = re.compile(r"^(\d{4})(?:年度?)?$")
_CLOCK = re.compile(r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$")
_LOST_ZERO = re.compile(r"^\d{4}\.1$")
_OCTOBER = re.compile(r"^\d{4}\.10$")
_SERIAL_FIRST, _SERIAL_LAST = 20_000, 60_000
_END_OF_TIME = date(2100, 12, 31)
_GRACE = timedelta(days=31)
"""A date further behind the month end than this is no early entry but a slip of the pen (GEN-19)."""
_AMBIGUOUS = "可能是1月或10月"
_AMBIGUOUS_FIX = "请改为2019-01或2019-10的写法"


class EitherMonth(CellProblem):
    """2019.1 where the column does not tell January from October; the other dates of its row may."""

    def __init__(self, year: int) -> None:
        super().__init__("S-06", message=_AMBIGUOUS, fix=_AMBIGUOUS_FIX)
        self.year = year


@dataclass(frozen=True, slots=True)
class DateContext:
    """What the meaning of a date cell depends on besides the cell."""

    period: Period
    is_1904: bool = False
    is_deadline: bool = False
    """The column names something to come (休学期满日期), not something that happened."""
    may_follow: bool = False
    """What the cell names may lie after the month end, within the days of grace: the end of what began in it."""
    shows_october: bool = False
    """Somewhere in the column stands a text like 2019.10, so that 2019.1 there is January (GEN-20)."""
    shows_time: bool = False
    """Somewhere in the column stands a typed cell with a time of day."""

    @property
    def latest(self) -> date:
        return _END_OF_TIME if self.is_deadline else self.period.last_day


def shows_october(cells: list[CellValue]) -> bool:
    """True if the column writes October as ``YYYY.10``: then its ``YYYY.1`` has not lost a zero."""
    return any(isinstance(cell, str) and _OCTOBER.match(nfkc(as_text(cell))) for cell in cells)


def parse_date(cell: CellValue, context: DateContext) -> tuple[date, str]:
    """The first day of what the cell names, and how exactly it names it: day, month or year.

    Raises CellProblem S-06 for what is no date, has two-digit years, lies before 1900 or far behind the month end, and
    for 2019.1 where nothing tells January from October (EitherMonth); R-ALL-05 for what happened just after that end.
    """
    day, precision = _read(cell, context)
    check_day(day, context)
    return day, precision


def check_day(day: date, context: DateContext) -> None:
    """Raises CellProblem as `parse_date` says for a day that cannot be meant."""
    if day.year < 1900 or day > _END_OF_TIME:
        raise CellProblem("S-06")
    if day > context.latest + _GRACE:
        raise CellProblem("S-06", message="远在报送月份之后，应为笔误", fix="请核对日期")
    if day > context.latest and not context.may_follow:
        raise CellProblem("R-ALL-05")


def parse_day(cell: CellValue, context: DateContext, *, coarser: bool) -> tuple[date, str]:
    """A DATE cell; a month or a year is taken only where the contract says so."""
    try:
        day, precision = parse_date(cell, context)
    except EitherMonth as either:
        if coarser:
            raise
        raise CellProblem("S-06") from either  # neither month would be a day
    if precision != "day" and not coarser:
        raise CellProblem("S-06")
    return day, precision


def parse_month(cell: CellValue, context: DateContext, *, coarser: bool) -> tuple[str, str]:
    """A MONTH cell as YYYY-MM; a year alone gives its January, and only where the contract takes years."""
    day, precision = parse_date(cell, context)
    if precision == "year" and not coarser:
        raise CellProblem("S-06")
    return f"{day.year:04d}-{day.month:02d}", "year" if precision == "year" else "month"


def parse_year(cell: CellValue, context: DateContext) -> int:
    """A YEAR cell; of a finer date the year is taken. The year after the month's is the last that can be meant."""
    if isinstance(cell, str | int | float) and not isinstance(cell, bool):
        match = _YEAR.match(_spelled(cell))
        if match:
            year = int(match[1])
            if not 1900 <= year <= context.period.year + 1:
                raise CellProblem("S-06")
            return year
    try:
        return parse_date(cell, context)[0].year
    except EitherMonth as either:
        return either.year


def _read(cell: CellValue, context: DateContext) -> tuple[date, str]:
    if isinstance(cell, datetime):
        return cell.date(), "day"
    if isinstance(cell, date):
        return cell, "day"
    if isinstance(cell, bool) or cell is None:
        raise CellProblem("S-06")
    if isinstance(cell, int | float) and _SERIAL_FIRST <= cell <= _SERIAL_LAST:
        return serial_base(context) + timedelta(days=int(cell)), "day"
    text = _spelled(cell)
    if _LOST_ZERO.match(text):
        return _january_or_october(int(text[:4]), context), "month"
    return _from_text(text)


def serial_base(context: DateContext) -> date:
    """Day 0 of the workbook's day numbers."""
    return date(1904, 1, 1) if context.is_1904 else date(1899, 12, 30)


def _spelled(cell: CellValue) -> str:
    text = _CLOCK.sub("", nfkc(as_text(cell)))
    return _arabic(re.sub(r"\s+", "", text))


def _arabic(text: str) -> str:
    """Chinese numerals of a date to digits: 二〇一九年十二月三日 -> 2019年12月3日."""
    if not re.search("[一二三四五六七八九十]", text):
        return text
    year, mark, rest = text.partition("年")
    rest = re.sub(r"([二三])?十([一二三四五六七八九])?", _tens, rest)
    return (year + mark + rest).translate(_CHINESE_DIGITS)


def _tens(match: re.Match[str]) -> str:
    return (match[1] or "一") + (match[2] or "〇")


def _from_text(text: str) -> tuple[date, str]:
    try:
        if match := _DAY.match(text):
            numbers = [int(part) for part in match.groups() if part is not None and part.isdigit()]
            return date(numbers[0], numbers[1], numbers[2]), "day"
        if match := _MONTH.match(text):
            year, month = (int(part) for part in match.groups() if part is not None)
            return date(year, month, 1), "month"
        if match := _YEAR.match(text):
            return date(int(match[1]), 1, 1), "year"
    except ValueError as impossible:
        raise CellProblem("S-06") from impossible
    raise CellProblem("S-06")


def _january_or_october(year: int, context: DateContext) -> date:
    """GEN-20. Only one reading may be possible; a guess is never made."""
    if context.shows_october or date(year, 10, 1) > context.latest:
        return date(year, 1, 1)
    raise EitherMonth(year)
