"""Which rows below the header are data (GEN-10 to GEN-12, S-15)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingestion.normalise.text import as_text, is_blank
from ingestion.reader.grid import Grid
from ingestion.reader.headers import Layout, header_key
from ingestion.table import CellValue

_TOTAL = re.compile(r"^(本页|本村|本乡|本镇|全县|全镇|全乡)?(合计|总计|小计|累计|共计)[:：]?$")
_FOOTER = re.compile(
    r"^(合计|总计|小计|累计|共计|本页|填表人|填报人|制表|审核|复核|负责人|单位负责人|分管|经办人"
    r"|填报单位|填报日期|填报时间|联系人|注\d*[:：.、]|注$|说明|备注|数据来源|单位[:：(（]|第\d+页|共\d+页)"
)
_GROUP = re.compile(r"[(（]\d+(户|所|人|个|名|条|村)[)）]$")
_PLACEHOLDER = re.compile(r"^[{$#]")
_HINT = re.compile(
    r"^(必填|选填|非必填|文本|数字|数值|日期|下拉|是/否|格式|填写|例[:：如]|示例|样例|yyyy)", re.IGNORECASE
)
_EXAMPLE = re.compile(r"^[(（【]?(示例|样例|例)[)）】:：]?$")


@dataclass(slots=True)
class Body:
    """The data rows of one sheet, and how many others were left out though something stood in them."""

    rows: list[int] = field(default_factory=list)
    excluded: int = 0


def fill_merged(grid: Grid, first_row: int) -> None:
    """Give every row of a range merged downwards its value (GEN-12, layout L11). Other blanks stay blank."""
    for top, left, bottom, _ in grid.merged:
        if top < first_row or bottom == top or top >= len(grid.rows) or left >= len(grid.rows[top]):
            continue
        value = grid.rows[top][left]
        for r in range(top + 1, min(bottom + 1, len(grid.rows))):
            row = grid.rows[r]
            row.extend([None] * (left + 1 - len(row)))
            row[left] = value


class RowSorter:
    """Tells data rows of one sheet from titles, notes, totals, group rows and repeated headers."""

    def __init__(self, grid: Grid, layout: Layout) -> None:
        self._grid = grid
        self._layout = layout
        self.keys = {c for c, match in layout.matches.items() if match.column.key_position is not None}
        self.loaded = {c for c, match in layout.matches.items() if match.column.loaded}
        self._headers = [
            {c: header_key(text) for c, cell in enumerate(grid.rows[r]) if (text := as_text(cell))}
            for r in range(layout.first, layout.last + 1)
        ]
        self.header_words = {word for row in self._headers for word in row.values()}
        self._titles = {as_text(cell) for row in grid.rows[: layout.first] for cell in row if cell is not None}

    def sort(self) -> Body:
        """All rows below the header, judged."""
        body = Body()
        start = self._layout.last + 1
        for r in range(start, len(self._grid.rows)):
            verdict = self.judge(r, self._grid.rows[r], is_top=not body.rows)
            if verdict:
                body.rows.append(r)
            elif verdict is not None:
                body.excluded += 1
        return body

    def judge(self, row: int, cells: list[CellValue], *, is_top: bool) -> bool | None:
        """Whether a row is data; None for an empty one. `is_top`: no data row stands before it."""
        filled: list[tuple[int, CellValue]] = [
            (c, cell)
            for c, cell in enumerate(cells)
            if cell is not None and (cell.__class__ is not str or not str(cell).isspace())
        ]
        return self._is_data(row, filled, is_top=is_top) if filled else None

    def _is_data(self, row: int, filled: list[tuple[int, CellValue]], *, is_top: bool) -> bool:
        if not any(c in self.loaded for c, _ in filled):
            return any((row, c) in self._grid.broken for c in self.loaded)
        if len(filled) == 1:
            return self._is_lone_record(*filled[0])
        if is_top and self._is_guide(filled):
            return False
        return not (self._is_total(filled) or self._is_header(filled))

    def _is_lone_record(self, column: int, cell: CellValue) -> bool:
        """A row of one cell is a title, a note or a group name, unless the cell is a key or there are no others."""
        text = as_text(cell)
        if text in self._titles or _FOOTER.match(text) or _TOTAL.match(text) or _GROUP.search(text):
            return False
        return len(self.loaded) == 1 or (column in self.keys and any(character.isdigit() for character in text))

    def _is_guide(self, filled: list[tuple[int, CellValue]]) -> bool:
        """Instructions, ``{.field}`` marks, a row of column numbers or an example right below the header."""
        texts = [as_text(cell) for _, cell in filled]
        if _EXAMPLE.match(texts[0]):
            return True
        if len(texts) >= 3 and _is_numbering(texts):
            return True
        guides = sum(bool(_PLACEHOLDER.match(text) or _HINT.match(text)) for text in texts)
        return guides * 2 > len(texts)

    def _is_total(self, filled: list[tuple[int, CellValue]]) -> bool:
        """A total or a note line: its key columns are empty, but for the one that the word itself may stand in."""
        said = [cell for c, cell in filled if c in self.keys and not is_blank(cell, nothing_is_blank=True)]
        if len(said) > 1 or (said and not (isinstance(said[0], str) and is_line(said[0]))):
            return False
        first = filled[0][1]
        return any(isinstance(cell, str) and _TOTAL.match(_tight(cell)) for _, cell in filled) or (
            isinstance(first, str) and _FOOTER.match(_tight(first)) is not None
        )

    def _is_header(self, filled: list[tuple[int, CellValue]]) -> bool:
        first = filled[0][1]
        if not isinstance(first, str) or header_key(as_text(first)) not in self.header_words:
            return False
        texts = {c: header_key(as_text(cell)) for c, cell in filled}
        return any(sum(header.get(c) == text for c, text in texts.items()) * 2 > len(texts) for header in self._headers)


def is_line(text: str) -> bool:
    """True for the word of a total or of a note line."""
    return bool(_TOTAL.match(_tight(text)) or _FOOTER.match(_tight(text)))


def _tight(text: str) -> str:
    return "".join(text.split())


def _is_numbering(texts: list[str]) -> bool:
    numbers = [text.strip("()（）") for text in texts]
    start = next((i for i, number in enumerate(numbers) if number.isdigit()), None)
    if start is None or start > 2 or not set(numbers[:start]) <= set("甲乙丙丁"):
        return False
    return numbers[start:] == [str(n) for n in range(1, len(numbers) - start + 1)]


def columns_of(layout: Layout) -> Iterator[tuple[str, list[int]]]:
    """Each contract column with the positions that carry it, left to right."""
    places: dict[str, list[int]] = {}
    for c in sorted(layout.matches):
        places.setdefault(layout.matches[c].column.name, []).append(c)
    yield from places.items()
