"""Cell texts that a header variant gives a meaning of their own (是 under 是否脱贫 -> 已脱贫)."""

from __future__ import annotations

from collections.abc import Mapping

from ingestion.normalise.booleans import parse_bool
from ingestion.normalise.problems import CellProblem
from ingestion.normalise.text import as_text, nfkc
from ingestion.table import CellValue

_YES, _NO = "是", "否"


def mapped(cell: CellValue, mapping: Mapping[str, str]) -> CellValue:
    """What the cell stands for; the cell itself if the mapping does not speak of it.

    Where the mapping speaks of 是 and 否, every accepted spelling of yes and no counts as them.
    """
    if not mapping:
        return cell
    text = nfkc(as_text(cell))
    if text in mapping:
        return mapping[text]
    if set(mapping) & {_YES, _NO}:
        try:
            word = _YES if parse_bool(cell) else _NO
        except CellProblem:
            return cell
        return mapping.get(word, cell)
    return cell
