"""What the rows above the header, the sheet names and the file name say about month and unit (GEN-09, GEN-28)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hearth.period import Period
from ingestion.normalise.text import nfkc
from ingestion.normalise.units import is_unit, plain_unit

_LONG = 60
"""A cell longer than this is an instruction, and instructions quote months of laws and notices."""
_CHINESE = {"十二": "12", "十一": "11", "十": "10"} | {word: str(n) for n, word in enumerate("一二三四五六七八九", 1)}
_CHINESE_YEAR = str.maketrans("〇零○一二三四五六七八九", "000123456789")
_YEAR_MONTH = re.compile(r"(?<!\d)(20\d{2})(?:年(\d{1,2})月(?:份)?(?!\d)|[-.](\d{2})(?![-.\d]))(?!\d*[日号])")
_MONTH = re.compile(r"(?<![\d年\-—–~～至到、.])(\d{1,2})月(?:份)?(?!\d)")
_RANGE = re.compile(r"\d{1,2}月?(?:份)?[-—–~～至到]\d{1,2}月")
_MADE_ON = re.compile(r"(?:填报|填表|制表|导出|打印|上报|报送|生成|查询)(?:时间|日期)[:：]?")
_SHEET_MONTH = re.compile(r"^(?:(20\d{2})年)?(\d{1,2})月(?:份)?$")
_VERSION = re.compile(r"模板版本[:：]?(\d{1,3}(?:\.\d{1,3}){1,3})")
_UNIT = re.compile(r"(?:金额)?单位[:：]([^\s:：()（）]{1,20})")


def _arabic_months(text: str) -> str:
    text = re.sub(r"[二〇零○一三四五六七八九]{4}(?=年)", lambda match: match[0].translate(_CHINESE_YEAR), text)
    return re.sub("(十二|十一|十|[一二三四五六七八九])(?=月)", lambda match: _CHINESE[match[1]], text)


def stated_months(text: str, period: Period) -> set[str]:
    """Months (YYYY-MM) that a title names. Days, spans of months and dates of making are no statement.

    A month without a year is taken to be of the year that brings it next to `period`.
    """
    text = _arabic_months(re.sub(r"\s+", "", nfkc(text)))
    if not text or len(text) > _LONG or _RANGE.search(text):
        return set()
    text = re.sub(_MADE_ON.pattern + r"[\d年月日号\-./:]*", "", text)
    found = {_month(match[1], match[2] or match[3]) for match in _YEAR_MONTH.finditer(text)}
    if not found:
        found = {_nearest(int(match[1]), period) for match in _MONTH.finditer(text)}
    return {month for month in found if month}


def _month(year: str, month: str) -> str:
    return f"{year}-{int(month):02d}" if 1 <= int(month) <= 12 else ""


def _nearest(month: int, period: Period) -> str:
    if not 1 <= month <= 12:
        return ""
    years = (period.year - 1, period.year, period.year + 1)
    return str(min((Period(year, month) for year in years), key=lambda near: abs(near.months_since(period))))


def month_of_sheet(name: str, period: Period) -> str | None:
    """The month a sheet name consists of (``10月``), if it does."""
    match = _SHEET_MONTH.match(_arabic_months(re.sub(r"\s+", "", nfkc(name))))
    if match is None or not 1 <= int(match[2]) <= 12:
        return None
    return _month(match[1], match[2]) if match[1] else _nearest(int(match[2]), period)


def months_of_file_name(name: str, period: Period) -> set[str]:
    """Months a file name states in words; dates of export and ``(22)`` prove nothing."""
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", name)
    return stated_months(re.sub(r"\d{8,}|20\d{2}[-._]?\d{2}[-._]?\d{2}|\d{6}", "", stem), period)


def stated_units(texts: Iterable[str]) -> list[str]:
    """Units of ``单位：万元`` in title rows."""
    found: list[str] = []
    for text in texts:
        for match in _UNIT.finditer(nfkc(text)):
            found += [plain_unit(part) for part in re.split("[、,，;；]", match[1]) if is_unit(part)]
    return found


def stated_versions(texts: Iterable[str]) -> set[str]:
    """Contract versions of which the rows above the header say that the template is (S-04)."""
    return {match[1] for text in texts for match in _VERSION.finditer("".join(nfkc(text).split()))}
