"""Units of headers, title rows and cells (GEN-06, GEN-22, GEN-25, S-08)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from ingestion.contract import Column
from ingestion.normalise.text import nfkc

# unit as written (NFKC, lower case) -> (what it measures, factor to the base of that measure)
_UNITS: Mapping[str, tuple[str, str]] = {
    "元": ("money", "1"),
    "块": ("money", "1"),
    "人民币元": ("money", "1"),
    "角": ("money", "0.1"),
    "千元": ("money", "1000"),
    "万元": ("money", "10000"),
    "人": ("person", "1"),
    "口": ("person", "1"),
    "名": ("person", "1"),
    "万人": ("person", "10000"),
    "户": ("household", "1"),
    "万户": ("household", "10000"),
    "次": ("time", "1"),
    "%": ("percent", "1"),
    "百分比": ("percent", "1"),
    "百分数": ("percent", "1"),
    "m2": ("area", "1"),
    "平方米": ("area", "1"),
    "平米": ("area", "1"),
    "亩": ("land", "1"),
    "公顷": ("land", "15"),
    "m": ("length", "1"),
    "米": ("length", "1"),
    "km": ("length", "1000"),
    "公里": ("length", "1000"),
    "千米": ("length", "1000"),
    "min": ("duration", "1"),
    "分": ("duration", "1"),
    "分钟": ("duration", "1"),
    "h": ("duration", "60"),
    "时": ("duration", "60"),
    "小时": ("duration", "60"),
    "d": ("duration", "1440"),
    "天": ("duration", "1440"),
    "日": ("duration", "1440"),
    "月": ("month", "1"),
    "个月": ("month", "1"),
    "月数": ("month", "1"),
    "年": ("year", "1"),
    "岁": ("year", "1"),
    "kwh": ("energy", "1"),
    "度": ("energy", "1"),
    "千瓦时": ("energy", "1"),
    "万kwh": ("energy", "10000"),
    "kva": ("apparent_power", "1"),
    "千伏安": ("apparent_power", "1"),
    "m3": ("volume", "1"),
    "立方米": ("volume", "1"),
    "方": ("volume", "1"),
    "吨": ("volume", "1"),
    "l": ("liquid", "1"),
    "升": ("liquid", "1"),
}

_SUFFIX_UNITS: Mapping[str, str] = {
    "_yuan": "元",
    "_m2": "m2",
    "_mu": "亩",
    "_kwh": "kwh",
    "_kva": "kva",
    "_minutes": "min",
    "_percent": "%",
    "_km": "km",
    "_m": "m",
}


def plain_unit(text: str) -> str:
    """``元/人·月`` -> ``元``: what a figure is counted in, without what it is counted per."""
    return nfkc(text).strip().lower().split("/", 1)[0].removeprefix("单位:").strip()


def is_unit(text: str) -> bool:
    """True if the text is a unit this module can convert or at least recognise."""
    return plain_unit(text) in _UNITS


def unit_of(column: Column) -> str | None:
    """Unit of the contract; where it states none, the suffix of the column name says it."""
    if column.unit is not None:
        return plain_unit(column.unit)
    return next((unit for suffix, unit in _SUFFIX_UNITS.items() if column.name.endswith(suffix)), None)


def factor(sent: str, wanted: str) -> Decimal | None:
    """What a figure in unit `sent` is multiplied by to be in unit `wanted`; None if they measure different things."""
    sent, wanted = plain_unit(sent), plain_unit(wanted)
    if sent == wanted:
        return Decimal(1)
    here, there = _UNITS.get(sent), _UNITS.get(wanted)
    if here is None or there is None or here[0] != there[0]:
        return None
    return Decimal(here[1]) / Decimal(there[1])
