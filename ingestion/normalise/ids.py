"""ID numbers, phones, accounts and other numbers that are text (GEN-15 to GEN-18)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from operator import mul

from ingestion.normalise.problems import CellProblem
from ingestion.normalise.text import as_text, nfkc, refuse_damage
from ingestion.table import CellValue

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_ID18 = re.compile(r"^\d{17}[\dX]$")
_CERTIFICATE = re.compile(r"^\d{17}[\dX][1-7][1-4](?:B\d)?$")
_SCIENTIFIC = re.compile(r"^\d(?:\.\d+)?E\+?\d+$", re.IGNORECASE)
_EXACT = 10**15
"""A double holds every whole number below this exactly; above, a spreadsheet has already lost the last digits."""
_MOBILE = re.compile(r"^1[3-9]\d{9}$")
_ACCOUNT = re.compile(r"^\d{8,25}$")
AGE_MAX = 120
_LOST = "按数值存储，末位可能已失真"
_LOST_FIX = "请把整列设为文本格式，再从系统重新导出"


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A citizen's ID number as read."""

    value: str
    """18 characters; what stood behind them in a disability certificate is in `certificate`."""
    birth: date | None
    sex: str | None
    """``1`` male, ``2`` female."""
    certificate: str | None = None
    """The 20 or 22 characters of a disability certificate number, if that is what was sent."""
    is_upgraded: bool = False
    """True: 15 characters were sent."""
    is_placeholder: bool = False


def check_character(first17: str) -> str:
    """The 18th character by ISO 7064 MOD 11-2 (GB 11643) of the 17 digits before it."""
    total = sum(map(mul, map(int, first17), _WEIGHTS))
    return _CHECK_CHARACTERS[total % 11]


def id_text(cell: CellValue, *, is_text_file: bool, lengths: frozenset[int] = frozenset()) -> str:
    """A cell of an id column as text.

    A numeric cell has lost its text form: it is refused unless it is an exact whole number of a length that the column
    is known to have (GEN-15). Raises CellProblem S-05.
    """
    if isinstance(cell, bool):
        raise CellProblem("S-05", message=_LOST, fix=_LOST_FIX)
    if isinstance(cell, int | float):
        whole = cell == int(cell) if abs(cell) < _EXACT else False
        if not whole or len(str(int(cell))) not in lengths:
            raise CellProblem("S-05", message=_LOST, fix=_LOST_FIX)
        return str(int(cell))
    text = nfkc(as_text(cell)).lstrip("'‘’`").strip()
    if _SCIENTIFIC.match(text) or (is_text_file and re.fullmatch(r"\d{13,}000", text)):
        raise CellProblem("S-05", message=_LOST, fix=_LOST_FIX)
    refuse_damage(text)
    return text


def parse_id(cell: CellValue, *, is_text_file: bool, lengths: frozenset[int] = frozenset()) -> str:
    """Any other identifier: NFKC, blanks out, otherwise as written."""
    text = re.sub(r"\s+", "", id_text(cell, is_text_file=is_text_file, lengths=lengths))
    if len(text) > 64:
        raise CellProblem("S-05", message="过长，不像是编号", fix="请核对后重新填写")
    if lengths and text.endswith(".0") and text[:-2].isdigit() and len(text) - 2 in lengths:
        return text[:-2]
    return text


def is_placeholder(text: str) -> bool:
    """GEN-17: 999999…, one digit repeated, 123456… that is no real number."""
    if len(text) < 6:
        return False
    if text.startswith("999999") or len(set(text)) == 1:
        return True
    return text.startswith("123456") and not (_ID18.match(text) and check_character(text[:17]) == text[17])


def parse_id_number(cell: CellValue, *, month_end: date, is_text_file: bool) -> IdNumber:
    """An ID number or the disability certificate number that contains it (GEN-16).

    15 characters are raised to 18. The region prefix is never tested: abolished counties are normal.
    Raises CellProblem S-05 (stored as a number), R-ALL-01 (length), R-ALL-02 (check character), R-ALL-03 (birth date).
    """
    text = id_text(cell, is_text_file=is_text_file)
    text = re.sub(r"[\s\-‐‑–—]", "", text).upper()
    if is_placeholder(text):
        return IdNumber(text, None, None, is_placeholder=True)
    upgraded = len(text) == 15 and text.isascii() and text.isdigit()
    if upgraded:
        text = text[:6] + "19" + text[6:]
        text += check_character(text)
    first18 = text[:18]
    is_certificate = len(text) in (20, 22)
    if not text.isascii() or not _ID18.match(first18) or (is_certificate and not _CERTIFICATE.match(text)):
        raise CellProblem("R-ALL-01")
    if len(text) != 18 and not is_certificate:
        raise CellProblem("R-ALL-01")
    if check_character(first18[:17]) != first18[17]:
        raise CellProblem("R-ALL-02")
    birth = _birth_date(first18[6:14], month_end)
    sex = "1" if int(first18[16]) % 2 else "2"
    return IdNumber(first18, birth, sex, certificate=text if is_certificate else None, is_upgraded=upgraded)


def _birth_date(digits: str, month_end: date) -> date:
    try:
        birth = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError as impossible:
        raise CellProblem("R-ALL-03") from impossible
    if birth > month_end or full_years(birth, month_end) > AGE_MAX:
        raise CellProblem("R-ALL-03")
    return birth


def full_years(birth: date, day: date) -> int:
    """Age in full years on `day`."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def parse_phone(cell: CellValue, *, is_text_file: bool) -> tuple[str, bool]:
    """A phone number and whether it is a Chinese mobile number; others are kept and asked about (GEN-18)."""
    text = id_text(cell, is_text_file=is_text_file, lengths=frozenset({11}))
    text = re.sub(r"[\s\-()]", "", text).removesuffix(".0").removeprefix("+86")
    return text, bool(_MOBILE.match(text))


def parse_account(cell: CellValue, *, is_text_file: bool) -> tuple[str, bool]:
    """A bank account and whether it has 8 to 25 digits (GEN-18)."""
    text = id_text(cell, is_text_file=is_text_file, lengths=frozenset(range(8, 16)))
    text = re.sub(r"[\s\-]", "", text).removesuffix(".0")
    return text, bool(_ACCOUNT.match(text))
