"""Blanks, free text, names and other text cells (GEN-03, GEN-13, GEN-14)."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal

from ingestion.normalise.problems import CellProblem
from ingestion.table import CellValue

_BLANKS = frozenset({"", "/", "\\", "null", "n/a", "待补充", "暂无"})
_DASHES = re.compile(r"^[-‐‑‒–—―－_]+$")
_NOTHING = "无"
_HAN = "㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff"
_HAN_GAP = re.compile(rf"(?<=[{_HAN}])\s+(?=[{_HAN}])")
_SYLLABLE_DOT = re.compile(rf"(?<=[{_HAN}])\s*[•・.．‧∙●﹒･·]\s*(?=[{_HAN}])")
_WRAPPED = re.compile(r'^="(.*)"$', re.DOTALL)
_NAME = re.compile(rf"^(?=.{{2,30}}$)[{_HAN}]+(?:·[{_HAN}]+)*$")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_DAMAGED = ("\ufffd", "锟斤拷")


def nfkc(text: str) -> str:
    """Full-width to half-width and the like; for keys, codes, numbers and region names only."""
    return unicodedata.normalize("NFKC", text)


def as_text(cell: CellValue) -> str:
    """A cell as its owner would read it: 3.0 is 3, dates are ISO, text is trimmed and unwrapped from ``="…"``."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        text = (cell if cell.isascii() else _INVISIBLE.sub("", cell)).strip()
        return _unwrapped(text) if text.startswith("=") else text
    return _shown(cell)


def _unwrapped(text: str) -> str:
    wrapped = _WRAPPED.match(text)
    return wrapped[1].strip() if wrapped else text


def _shown(cell: int | float | bool | date | datetime) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return plain_number(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def plain_number(number: float) -> str:
    """The shortest digits that give the number back, never with an exponent."""
    text = f"{Decimal(repr(number)):f}"
    return text.removesuffix(".0")


def is_blank(cell: CellValue, *, nothing_is_blank: bool) -> bool:
    """GEN-13. 无 counts as blank in text, numbers and dates, but is a value of yes/no and coded cells."""
    if cell is None:
        return True
    if not isinstance(cell, str):
        return False
    text = as_text(cell)
    if text.casefold() in _BLANKS or _DASHES.match(text):
        return True
    return nothing_is_blank and text == _NOTHING


def refuse_damage(text: str) -> None:
    """GEN-03: characters that a wrong decoding has already destroyed. Raises CellProblem F-07."""
    if any(mark in text for mark in _DAMAGED):
        raise CellProblem("F-07", message="字符已损坏", fix="请从业务系统重新导出")


def parse_text(cell: CellValue) -> str:
    """Free text: trimmed, otherwise as written (GEN-14)."""
    return as_text(cell)


def parse_label(cell: CellValue) -> str:
    """Short texts that are compared, such as region names: NFKC, no white space."""
    text = re.sub(r"\s+", "", nfkc(as_text(cell)))
    refuse_damage(text)
    return text


def is_plausible_name(name: str) -> bool:
    """R-ALL-07: 2 to 30 Han characters, a middle dot between them allowed."""
    return bool(_NAME.match(name))


def parse_name(cell: CellValue) -> str:
    """A person's name: no blanks between Han characters, one middle dot between syllables (GEN-14)."""
    text = as_text(cell)
    refuse_damage(text)
    return _SYLLABLE_DOT.sub("·", _HAN_GAP.sub("", text))
