"""Which rows below the header are data (GEN-10 to GEN-12, S-15)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingestion.normalise.text import as_text, is_blank
from ingestion.reader.grid import Grid
from ingestion.reader.headers import Layout, header_key
from ingestion.reader.words import FOOTER, GROUP, TOTAL, is_example, is_guide_word, is_line, is_numbering, tight
from ingestion.table import CellValue

NUMBERED = re.compile(r"^[0-9A-Za-z]*[0-9][0-9A-Za-z]*$")
"""A cell like this is no blank, no total, no note, and no title unless a title looks like it."""


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
        self._has_numbered = any(NUMBERED.match(word) for word in self.header_words)
        self._fronts: dict[str, bool] = {}
        self._titles = {as_text(cell) for row in grid.rows[: layout.first] for cell in row if cell is not None}

    def sort(self) -> Body:
        """All rows below the header, judged."""
        body = Body()
        start = self._layout.last + 1
        for r in range(start, len(self._grid.rows)):
            cells = self._grid.rows[r]
            verdict = (body.rows and self._is_plain(cells)) or self.judge(r, cells, is_top=not body.rows)
            if verdict:
                body.rows.append(r)
            elif verdict is not None:
                body.excluded += 1
        return body

    def _is_plain(self, cells: list[CellValue]) -> bool:
        """True for most data rows, at little cost: a number among the keys, and before it a cell that is no title."""
        first = cells[0] if cells else None
        if first is None or (first.__class__ is str and not self._is_own(str(first))):
            return False
        for c in self.keys:
            if 0 < c < len(cells) and cells[c].__class__ is str and NUMBERED.match(str(cells[c])):
                return True
        return False

    def _is_own(self, text: str) -> bool:
        """Whether a cell at the front says something that is no word of the header."""
        if NUMBERED.match(text) and not self._has_numbered:
            return True
        known = self._fronts.get(text)
        if known is None:
            known = self._fronts[text] = not text.isspace() and header_key(as_text(text)) not in self.header_words
        return known

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
        if text in self._titles or FOOTER.match(text) or TOTAL.match(text) or GROUP.search(text):
            return False
        return len(self.loaded) == 1 or (column in self.keys and any(character.isdigit() for character in text))

    def _is_guide(self, filled: list[tuple[int, CellValue]]) -> bool:
        """Instructions, ``{.field}`` marks, a row of column numbers or an example right below the header."""
        texts = [as_text(cell) for _, cell in filled]
        if is_example(texts[0]) or is_numbering(texts):
            return True
        guides = sum(is_guide_word(text) for text in texts)
        return guides * 2 > len(texts)

    def _is_total(self, filled: list[tuple[int, CellValue]]) -> bool:
        """A total or a note line: its key columns are empty, but for the one that the word itself may stand in."""
        said = [cell for c, cell in filled if c in self.keys and not is_blank(cell, nothing_is_blank=True)]
        if len(said) > 1 or (said and not (isinstance(said[0], str) and is_line(said[0]))):
            return False
        first = filled[0][1]
        return any(isinstance(cell, str) and TOTAL.match(tight(cell)) for _, cell in filled) or (
            isinstance(first, str) and FOOTER.match(tight(first)) is not None
        )

    def _is_header(self, filled: list[tuple[int, CellValue]]) -> bool:
        first = filled[0][1]
        if not isinstance(first, str) or header_key(as_text(first)) not in self.header_words:
            return False
        texts = {c: header_key(as_text(cell)) for c, cell in filled}
        return any(sum(header.get(c) == text for c, text in texts.items()) * 2 > len(texts) for header in self._headers)


def columns_of(layout: Layout) -> Iterator[tuple[str, list[int]]]:
    """Each contract column with the positions that carry it, left to right."""
    places: dict[str, list[int]] = {}
    for c in sorted(layout.matches):
        places.setdefault(layout.matches[c].column.name, []).append(c)
    yield from places.items()
