"""Where the header of a sheet stands, told by its shape and not by known names: for tables no contract speaks of.

A header row is filled across the table, its cells are short, differ from one another, and are not figures, dates or
numbers of people; below it columns agree with themselves. Headers of several rows hang together by merged cells, or, in
text files, by parents with blanks behind them and children below.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from ingestion.normalise.text import as_text
from ingestion.reader.grid import Grid, cell_at
from ingestion.reader.headers import header_key
from ingestion.reader.sorts import CODE, Sort, day_of, is_label, is_word_of_headers, sort_of
from ingestion.table import CellValue

SCAN_ROWS = 60
_DEEPEST = 4
_LONGEST_PARENT = 30
_SAMPLE = 40
"""Rows below a header that are asked whether they look like what it announces."""


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a sheet. Rows are 0-based; `paths` gives the titles of a column from top to bottom."""

    first: int
    last: int
    paths: dict[int, tuple[str, ...]]
    score: float

    @property
    def names(self) -> dict[int, str]:
        """One name a column: the lowest title, with its parents before it where it repeats (GEN-05)."""
        names = {c: path[-1] for c, path in self.paths.items()}
        for depth in range(2, _DEEPEST + 1):
            counts = Counter(header_key(name) for name in names.values())
            for c, path in self.paths.items():
                if counts[header_key(names[c])] > 1 and len(path) >= depth:
                    names[c] = "-".join(path[-depth:])
        return names


class Shape:
    """The first rows of a sheet, prepared for looking."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.height = min(len(grid.rows), SCAN_ROWS + _SAMPLE + _DEEPEST)
        self.width = max((last_filled(row) for row in grid.rows[: self.height]), default=-1) + 1
        self.own = [[_plain(cell_at(grid.rows, r, c)) for c in range(self.width)] for r in range(self.height)]
        self.sorts = [[sort_of(cell_at(grid.rows, r, c)) for c in range(self.width)] for r in range(self.height)]
        self.shown = [list(row) for row in self.own]
        self.merges = [m for m in grid.merged if m[0] < self.height and m[1] < self.width]
        for top, left, bottom, right in self.merges:
            for r in range(top, min(bottom + 1, self.height)):
                for c in range(left, min(right + 1, self.width)):
                    self.shown[r][c] = self.own[top][left]

    def filled(self, row: int) -> list[int]:
        """Columns of the row that say something of their own."""
        return [c for c, text in enumerate(self.own[row]) if text]

    def is_lone(self, row: int) -> bool:
        """A row with one text: a title, an instruction, a caption."""
        return len({text for text in self.shown[row] if text}) <= 1 or len(self.filled(row)) <= 1

    def find(self) -> Header | None:
        """The best header, or None."""
        best: Header | None = None
        for last in range(min(self.height, SCAN_ROWS)):
            for first in range(last, max(last - _DEEPEST, -1), -1):
                if first < last and not self._are_linked(first, first + 1):
                    break
                found = self._weigh(first, last)
                if found is not None and (best is None or found.score > best.score + 1e-9):
                    best = found
        return best

    # ------------------------------------------------------------------ rows of one header
    def _are_linked(self, upper: int, lower: int) -> bool:
        """Whether the rows hang together as parents and children."""
        if self.is_lone(upper) and not self._has_partial_merge(upper):
            return False
        if self.is_lone(upper) and max(map(len, self.own[upper])) > _LONGEST_PARENT:
            return False  # an instruction that is merged over some of the columns
        if any(self.sorts[upper][c] is Sort.NOTE for c in self.filled(upper)):
            return False
        for top, left, bottom, right in self.merges:
            if top <= upper and bottom >= lower and right - left + 1 < self.width and self.own[top][left]:
                return True
            if bottom == upper and top <= upper and right > left:
                children = {self.own[lower][c] for c in range(left, min(right + 1, self.width))} - {""}
                if len(children) > 1:
                    return True
        return self._has_runs(upper, lower)

    def _has_partial_merge(self, row: int) -> bool:
        return any(
            top <= row <= bottom and 1 < right - left + 1 < self.width - 1 for top, left, bottom, right in self.merges
        )

    def _has_runs(self, upper: int, lower: int) -> bool:
        """Parents with blanks behind them and children below; where the upper row has no blank behind, the lower has
        nothing."""
        up, low = self.own[upper], self.own[lower]
        heads = [c for c, text in enumerate(up) if text]
        parents = plain = clashes = 0
        for c, after in pairwise([*heads, self.width]):
            if any(low[c + 1 : after]):
                parents += 1
            else:
                plain += 1
                clashes += bool(low[c])
        orphans = sum(1 for c, text in enumerate(low) if text and not any(up[: c + 1]))
        return parents > 0 and plain + parents > 1 and clashes * 4 <= plain and not orphans

    def _path(self, first: int, last: int, column: int) -> tuple[str, ...]:
        path: list[str] = []
        for r in range(first, last + 1):
            text = self.shown[r][column]
            if not text and r < last and any(self.shown[b][column] for b in range(r + 1, last + 1)):
                # A text file cannot merge: a title that spans columns stands over the first of them.
                text = next((self.shown[r][c] for c in range(column - 1, -1, -1) if self.shown[r][c]), "")
            name = title(text)
            if name and (not path or path[-1] != name):
                path.append(name)
        return tuple(path)

    def _weigh(self, first: int, last: int) -> Header | None:
        """How much like a header the rows are; None if they cannot be one."""
        own = [(r, c) for r in range(first, last + 1) for c in self.filled(r)]
        if not own or (self.width > 1 and self.is_lone(last) and self.is_lone(first)):
            return None
        bad = sum(not self._may_be_title(r, c) and not (r == last > first and self._is_pair(r, c)) for r, c in own)
        if bad * 6 > len(own):
            return None
        paths = {c: path for c in range(self.width) if (path := self._path(first, last, c))}
        below = [r for r in range(last + 1, self.height) if self.filled(r)][:_SAMPLE]
        bodies = {c: [self.sorts[r][c] for r in below if self.own[r][c]] for c in range(self.width)}
        solid = [r for r in below if self.width == 1 or not self.is_lone(r)]
        wanted = (
            {c for c in range(self.width) if sum(bool(self.own[r][c]) for r in solid) * 5 > len(solid)}
            if solid
            else set()
        )
        coverage = len(paths) / max(len(wanted | set(paths)), 1)
        if len(paths) < 2 and not self._is_list(last, solid):
            return None
        distinct = self._distinct(list(paths.values()))
        words = sum(is_word_of_headers(path[-1]) for path in paths.values()) / len(paths)
        contrast = self._contrast(paths, bodies)
        above = sum(self._is_data_like(r) for r in range(first))
        before = sum(self._is_full(r, len(paths)) for r in range(first))
        widest = max((len(self.filled(r)) for r in range(self.height)), default=1)
        if words < 0.3 and contrast < 0.3:
            return None
        if coverage < 0.4 or len(paths) * 3 < min(widest, self.width):
            return None
        codes = self._is_code_row(last) and any(self._is_titled(r, len(own)) for r in (last - 1, last + 1))
        repeats = sum(self._repeats(last, r) for r in below[:3])
        score = (
            3 * coverage
            + 2 * words
            + 1.5 * contrast
            + 3 * distinct
            - 2 * bad / len(own)
            - above
            - 2 * codes
            - 0.5 * min(before, 4)
            - repeats * 0.5
            - self._is_cut(first, last)
            + 0.15 * (last - first)
            + min(len(paths), 20) / max(widest, 1)
            - 0.01 * first
        )
        return Header(first, last, paths, score)

    def _is_cut(self, first: int, last: int) -> bool:
        """A title that is merged downwards reaches below the rows: they are not the whole of the header."""
        return any(
            first <= top <= last < bottom and right - left + 1 < self.width and is_label(self.own[top][left])
            for top, left, bottom, right in self.merges
        )

    def _is_list(self, row: int, below: Sequence[int]) -> bool:
        """A table of one column: a short title with something below it."""
        text = "".join(self.own[row])
        return self.width == 1 and bool(below) and len(text) <= 8 and is_word_of_headers(text)

    def _is_full(self, row: int, width: int) -> bool:
        """A row of the table, not something said above it."""
        filled = self.filled(row)
        return len(filled) * 2 > width and len(filled) > 1 and not any(self.sorts[row][c] is Sort.NOTE for c in filled)

    def _is_code_row(self, row: int) -> bool:
        """Names of fields as programs write them."""
        return all(CODE.match(self.own[row][c]) for c in self.filled(row))

    def _is_titled(self, row: int, width: int) -> bool:
        """A full row of titles in words, so that the names of fields beside it are not the header."""
        if not 0 <= row < self.height or len(self.filled(row)) * 3 < width * 2:
            return False
        return all(is_label(self.own[row][c]) and not self.own[row][c].isascii() for c in self.filled(row))

    def _may_be_title(self, row: int, column: int) -> bool:
        if is_label(self.own[row][column]):
            return True
        return self.sorts[row][column] in (Sort.NUMBER, Sort.DATE) and self._is_count_of_periods(row)

    def _is_pair(self, row: int, column: int) -> bool:
        """男 and 女, 是 and 否 as children of a parent."""
        tokens = {self.own[row][c] for c in self.filled(row) if self.sorts[row][c] is Sort.TOKEN}
        return len(tokens) > 1 and self.own[row][column] in tokens

    def _is_count_of_periods(self, row: int) -> bool:
        """Years or months in a row, as titles: 2021, 2022, 2023."""
        cells = [cell_at(self.grid.rows, row, c) for c in self.filled(row)]
        written = [self.own[row][c] for c in self.filled(row) if self.sorts[row][c] is Sort.DATE]
        days = [day for text in written if (day := day_of(text)) is not None]
        if len(days) > 2 and len(days) == len(written) and len(days) + 2 >= len(cells):
            return len({b - a for a, b in pairwise(days)}) == 1
        typed = [cell for cell in cells if isinstance(cell, int | float | date) and not isinstance(cell, bool)]
        if len(typed) < 2:
            return False
        if all(isinstance(cell, int | float) for cell in typed):
            years = [int(cell) for cell in typed if isinstance(cell, int | float)]
            return years == list(range(years[0], years[0] + len(years))) and 1990 <= years[0] <= 2060
        if all(isinstance(cell, date) for cell in typed):
            months = [cell.year * 12 + cell.month for cell in typed if isinstance(cell, date)]
            return len({b - a for a, b in pairwise(months)}) == 1
        return False

    @staticmethod
    def _distinct(paths: Sequence[tuple[str, ...]]) -> float:
        """Share of titles that differ; tables that stand side by side repeat theirs in order and count as one."""
        for times in (2, 3, 4):
            if len(paths) % times == 0 and len(paths) // times >= 2:
                part = len(paths) // times
                if all(paths[n * part : (n + 1) * part] == paths[:part] for n in range(times)):
                    paths = paths[:part]
                    break
        return len(set(paths)) / len(paths)

    @staticmethod
    def _contrast(paths: dict[int, tuple[str, ...]], bodies: dict[int, list[Sort]]) -> float:
        """Share of columns whose cells are of another sort than their title."""
        told = [c for c in paths if bodies.get(c)]
        if not told:
            return 0.5
        other = 0
        for c in told:
            sort, count = Counter(bodies[c]).most_common(1)[0]
            other += sort not in (Sort.TEXT, Sort.NOTE) and count * 2 > len(bodies[c])
        return other / len(told)

    def _is_data_like(self, row: int) -> bool:
        filled = self.filled(row)
        figures = sum(self.sorts[row][c] in (Sort.NUMBER, Sort.LONG_NUMBER, Sort.DATE, Sort.TOKEN) for c in filled)
        return len(filled) * 3 > self.width and figures >= 2 and not self._is_count_of_periods(row)

    def _repeats(self, last: int, row: int) -> bool:
        """The row below says much the same words again, one column for one: rows of one table, not its header."""
        pairs = [
            (self.own[last][c], self.own[row][c]) for c in range(self.width) if self.own[last][c] and self.own[row][c]
        ]
        same = sum(a == b for a, b in pairs)
        return len(pairs) >= 3 and 0 < same * 3 >= len(pairs) and same < len(pairs)


def last_filled(row: Sequence[CellValue]) -> int:
    """Column of the last cell that says something; -1 if none does."""
    return next((c for c in range(len(row) - 1, -1, -1) if _plain(row[c])), -1)


def _plain(cell: CellValue) -> str:
    return as_text(cell).strip()


_MARKS = re.compile(r"^[*＊★☆]+|[*＊★☆]+$")
_ORDINAL = re.compile(r"^\d{1,2}[.、．](?!\d)")


def title(text: str) -> str:
    """A title as people write it, without blanks, line breaks, required marks and ordinals. Width is left alone."""
    text = re.sub("[\u200b-\u200f\u2060\ufeff\u00ad]", "", text)
    text = re.sub(r"(?<![!-~])\s+|\s+(?![!-~])", "", text.strip())
    text = re.sub(r"\s+", " ", text)
    bare = _MARKS.sub("", _ORDINAL.sub("", _MARKS.sub("", text)))
    return bare or text


def transposed(grid: Grid) -> Grid:
    """The sheet with rows and columns exchanged, as far as it is looked at."""
    rows = grid.rows[: SCAN_ROWS * 2]
    width = min(max(map(len, rows), default=0), SCAN_ROWS * 2)
    turned: list[list[CellValue]] = [[cell_at(rows, r, c) for r in range(len(rows))] for c in range(width)]
    return Grid(grid.sheet, turned, [(left, top, right, bottom) for top, left, bottom, right in grid.merged])


def blocks(columns: Sequence[int]) -> Iterator[list[int]]:
    """Runs of neighbouring columns."""
    run: list[int] = []
    for c in sorted(columns):
        if run and c != run[-1] + 1:
            yield run
            run = []
        run.append(c)
    if run:
        yield run
