"""Yes and no (GEN-21, S-09). Blank is unknown and never gets here."""

from __future__ import annotations

import re

from ingestion.normalise.problems import CellProblem
from ingestion.normalise.text import as_text, nfkc
from ingestion.table import CellValue

_TRUE = frozenset(["是", "有", "√", "✓", "✔", "☑", "■", "1", "y", "yes", "true", "享受", "达标", "合格"])
_FALSE = frozenset(["否", "无", "×", "✗", "✘", "☐", "□", "0", "n", "no", "false", "没有"])
_NOT_SAID = re.compile(r"^(不|未)(详|清楚|确定|明|知|核实|说明|填|调查|了解|知道)|^不(清|好说)")
"""``不详`` begins like a no and says nothing: reading it as false would be inventing data."""


def parse_bool(cell: CellValue) -> bool:
    """Raises CellProblem S-09 for anything that is neither a clear yes nor a clear no."""
    if isinstance(cell, bool):
        return cell
    text = re.sub(r"\s+", "", nfkc(as_text(cell))).casefold()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if _NOT_SAID.match(text) or len(text) > 8:
        raise CellProblem("S-09")
    if len(text) > 1 and text.startswith("已"):
        return True
    if len(text) > 1 and text.startswith(("未", "不")):
        return False
    raise CellProblem("S-09")
