"""Coded cells, one value or several (GEN-26, GEN-27, S-10)."""

from __future__ import annotations

import re

from ingestion.normalise.problems import CellProblem
from ingestion.normalise.text import as_text, nfkc, refuse_damage
from ingestion.reference_data import CodeList
from ingestion.table import CellValue

_SEPARATORS = re.compile(r"[,，、;；\n\r|]+")


def find_code(text: str, codes: CodeList) -> str | None:
    """The code that `text` names by code, label or alias, or None. Nothing defaults to 其他.

    Blanks inside the text do not count, nor does the case of letters. ``2`` is ``02`` where all codes are digits of
    one width: a spreadsheet drops leading zeros, and such a list leaves no second reading.
    """
    tight = re.sub(r"\s+", "", nfkc(text))
    for spelling in (text, tight, tight.upper()):
        code = codes.lookup(spelling)
        if code is not None:
            return code
    if tight.isascii() and tight.isdigit():
        known = codes.labels
        widths = {len(code) for code in known}
        if len(widths) == 1 and all(code.isdigit() for code in known):
            padded = tight.zfill(widths.pop())
            return padded if padded in known else None
    return None


def parse_code(cell: CellValue, codes: CodeList) -> str:
    """The code of a cell. Raises CellProblem S-10 for a value outside the list."""
    text = as_text(cell)
    refuse_damage(text)
    code = find_code(text, codes)
    if code is None:
        raise CellProblem("S-10")
    return code


def parse_codes(cell: CellValue, codes: CodeList) -> list[str]:
    """The codes of a multi-select cell, each once, sorted. Raises CellProblem S-10 if any part is unknown."""
    whole = as_text(cell)
    refuse_damage(whole)
    if (code := find_code(whole, codes)) is not None:
        return [code]
    return sorted({parse_code(part, codes) for part in split_list(whole)})


def split_list(text: str) -> list[str]:
    """Parts of a multi-select cell (GEN-27), empty ones left out."""
    return [part.strip() for part in _SEPARATORS.split(text) if part.strip()]
