"""Other ways of writing the same: what a reader must understand and a rule may not mistake for a fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ingestion.sample.cells import Cell

_WIDE = str.maketrans("0123456789X.-", "０１２３４５６７８９Ｘ．－")


def _old_id(text: str) -> str:
    """15 digits, as cards had them until 2000: no century and no check character."""
    return text[:6] + text[8:17]


def _spaced(text: str) -> str:
    return f"{text[:6]} {text[6:14]} {text[14:]}"


def _comma(text: str) -> str:
    return f"{float(text):,.2f}"


DISGUISES: Mapping[str, Callable[[str], Cell]] = {
    "old_id": _old_id,
    "wide": lambda text: text.translate(_WIDE),
    "spaced": _spaced,
    "small": str.lower,
    "name_spaced": lambda text: f"{text[:1]} {text[1:]}",
    "comma": _comma,
    "slashes": lambda text: text.replace("-", "/"),
    "tick": lambda _text: "√",
    "quoted": lambda text: f"'{text}",
}


def disguise(cells: dict[str, Cell], disguises: Mapping[str, str]) -> dict[str, Cell]:
    """The cells with some written in another way. Raises KeyError for a way that nobody writes."""
    for name, way in disguises.items():
        cells[name] = DISGUISES[way](str(cells[name]))
    return cells
