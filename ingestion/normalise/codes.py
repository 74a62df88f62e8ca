"""Coded cells, one value or several (GEN-26, GEN-27, S-10)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ingestion.normalise.problems import CellProblem
from ingestion.normalise.text import as_text, nfkc, refuse_damage
from ingestion.table import CellValue

_SEPARATORS = re.compile(r"[,，、;；\n\r|]+")
_CODE_AND_LABEL = re.compile(r"^([0-9A-Za-z]+)[\s\-.、:_—]*(.+)$")


@dataclass(frozen=True)
class CodeLookup:
    """One code list, ready to look up: code, then label, then alias."""

    name: str
    codes: Mapping[str, str]
    """Key of the code -> code."""
    words: Mapping[str, str]
    """Key of a label or an alias -> code."""

    def find(self, text: str) -> str | None:
        """The code that `text` names, or None. Nothing defaults to 其他."""
        key = code_key(text)
        found = self.codes.get(key) or self.words.get(key)
        if found is not None:
            return found
        if both := _CODE_AND_LABEL.match(nfkc(text).strip()):
            code, label = self.codes.get(code_key(both[1])), self.words.get(code_key(both[2]))
            if code is not None and code == label:
                return code
        return self._padded(key)

    def _padded(self, key: str) -> str | None:
        """``2`` for ``02``: a spreadsheet drops leading zeros, and a list of one width leaves no second reading."""
        if not key.isdigit() or not all(code.isdigit() for code in self.codes):
            return None
        widths = {len(code) for code in self.codes}
        return self.codes.get(key.zfill(widths.pop())) if len(widths) == 1 else None


def code_key(text: str) -> str:
    """What two spellings of a code or a label have in common."""
    return re.sub(r"\s+", "", nfkc(text)).casefold()


def make_lookup(name: str, entries: Iterable[tuple[str, str, Iterable[str]]]) -> CodeLookup:
    """A lookup of (code, label, aliases). Raises ValueError when one word stands for two codes."""
    codes: dict[str, str] = {}
    words: dict[str, str] = {}
    for code, label, aliases in entries:
        codes[code_key(code)] = code
        for word in (label, *aliases):
            if words.setdefault(code_key(word), code) != code:
                raise ValueError(f"code list [{name}]: [{word}] stands for [{words[code_key(word)]}] and [{code}]")
    return CodeLookup(name, codes, words)


def parse_code(cell: CellValue, lookup: CodeLookup) -> str:
    """The code of a cell. Raises CellProblem S-10 for a value outside the list."""
    text = as_text(cell)
    refuse_damage(text)
    code = lookup.find(text)
    if code is None:
        raise CellProblem("S-10")
    return code


def parse_codes(cell: CellValue, lookup: CodeLookup) -> list[str]:
    """The codes of a multi-select cell, each once, sorted. Raises CellProblem S-10 if any part is unknown."""
    whole = as_text(cell)
    refuse_damage(whole)
    if (code := lookup.find(whole)) is not None:
        return [code]
    return sorted({parse_code(part, lookup) for part in split_list(whole)})


def split_list(text: str) -> list[str]:
    """Parts of a multi-select cell (GEN-27), empty ones left out."""
    return [part.strip() for part in _SEPARATORS.split(text) if part.strip()]

