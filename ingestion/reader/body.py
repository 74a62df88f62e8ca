"""Which rows below the header are data (GEN-10 to GEN-12, S-15)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ingestion.normalise.text import as_text, is_blank
from ingestion.reader.grid import Grid
from ingestion.reader.headers import Layout, header_key
from ingestion.reader.words import FOOTER, GROUP, TOTAL, is_example, is_guide_word, is_line, is_numbering, tight
from ingestion.table import CellValue


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
        self._keys = {c for c, match in layout.matches.items() if match.column.key_position is not None}
        self._loaded = {c for c, match in layout.matches.items() if match.column.loaded}
        self._headers = [
            {c: header_key(text) for c, cell in enumerate(grid.rows[r]) if (text := as_text(cell))}
            for r in range(layout.first, layout.last + 1)
        ]
        self._header_words = {word for row in self._headers for word in row.values()}
        self._titles = {as_text(cell) for row in grid.rows[: layout.first] for cell in row if cell is not None}

    def sort(self) -> Body:
        """All rows below the header, judged."""
        body = Body()
        start = self._layout.last + 1
        for r in range(start, len(self._grid.rows)):
            filled: list[tuple[int, CellValue]] = [
                (c, cell)
                for c, cell in enumerate(self._grid.rows[r])
                if cell is not None and (cell.__class__ is not str or not str(cell).isspace())
            ]
            if not filled:
                continue
            if self._is_data(r, filled, is_top=not body.rows):
                body.rows.append(r)
            else:
                body.excluded += 1
        return body

    def _is_data(self, row: int, filled: list[tuple[int, CellValue]], *, is_top: bool) -> bool:
        if not any(c in self._loaded for c, _ in filled):
            return any((row, c) in self._grid.broken for c in self._loaded)
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
        return len(self._loaded) == 1 or (column in self._keys and any(character.isdigit() for character in text))

    def _is_guide(self, filled: list[tuple[int, CellValue]]) -> bool:
        """Instructions, ``{.field}`` marks, a row of column numbers or an example right below the header."""
        texts = [as_text(cell) for _, cell in filled]
        if is_example(texts[0]) or is_numbering(texts):
            return True
        guides = sum(is_guide_word(text) for text in texts)
        return guides * 2 > len(texts)

    def _is_total(self, filled: list[tuple[int, CellValue]]) -> bool:
        """A total or a note line: its key columns are empty, but for the one that the word itself may stand in."""
        said = [cell for c, cell in filled if c in self._keys and not is_blank(cell, nothing_is_blank=True)]
        if len(said) > 1 or (said and not (isinstance(said[0], str) and is_line(said[0]))):
            return False
        first = filled[0][1]
        return any(isinstance(cell, str) and TOTAL.match(tight(cell)) for _, cell in filled) or (
            isinstance(first, str) and FOOTER.match(tight(first)) is not None
        )

    def _is_header(self, filled: list[tuple[int, CellValue]]) -> bool:
        first = filled[0][1]
        if not isinstance(first, str) or header_key(as_text(first)) not in self._header_words:
            return False
        texts = {c: header_key(as_text(cell)) for c, cell in filled}
        return any(sum(header.get(c) == text for c, text in texts.items()) * 2 > len(texts) for header in self._headers)


def columns_of(layout: Layout) -> Iterator[tuple[str, list[int]]]:
    """Each contract column with the positions that carry it, left to right."""
    places: dict[str, list[int]] = {}
    for c in sorted(layout.matches):
        places.setdefault(layout.matches[c].column.name, []).append(c)
    yield from places.items()
