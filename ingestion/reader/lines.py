"""What each row below a header found by its shape is: data, group, footer, or something said about the columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from ingestion.normalise.text import as_text, nfkc
from ingestion.reader.grid import Grid
from ingestion.reader.headers import header_key
from ingestion.reader.shape import Header
from ingestion.reader.sorts import MARKED, Sort, sort_of
from ingestion.reader.words import is_guide_word, is_line, is_numbering, is_total_word
from ingestion.table import CellValue


class Line(Enum):
    """What a row is."""

    DATA = "data"
    GROUP = "group"
    """A caption, or a subtotal, among the data."""
    FOOTER = "footer"
    TITLE = "title"
    """The header or a title once more, as printed pages have it."""
    GUIDE = "guide"
    """Column numbers, units, hints, names of fields, an example."""
    MARK = "mark"
    """Fields that a program should have filled in."""
    NUMBERED = "numbered"
    """Nothing but a running number."""
    NOTE = "note"
    TABLE = "table"
    """The header of another table below."""


Filled = list[tuple[int, CellValue]]
_UNIT = re.compile(
    r"^[(（]?(元|万元|亿元|元/月|元/年|元/人|户|人|万人|个|次|亩|公顷|㎡|m2|平方米|立方米|m3|吨|米|公里|km|kwh|kva|kw|度|千瓦时|小时|分钟|%"
    r"|处|名|所|人次|户次|天|月|年|岁|公斤|头|只|套|间|栋|m|h|min)[)）]?$",
    re.IGNORECASE,
)
_FIELD = re.compile(r"^[A-Za-z][A-Za-z0-9_.]*$")
_CAPTION = re.compile(
    r"[(（]?(共|合计)?\d+(户|所|人|个|名|条|村|处|台|件)[)）]?$|^[(（]?[一二三四五六七八九十]{1,3}[)）]?[、.．]?\S{1,20}$|.{1,12}(乡|镇|村|社区|县|区|街道|所|站|校|组)$"
)
_COUNTED = re.compile(r"\d+(户|所|人|个|名|条|村|处|台|件)[)）]?$|[合总小共累]计|^[(（]?[一二三四五六七八九十]")
_ORDINAL = re.compile(r"^[(（]?[一二三四五六七八九十]{1,3}[)）]?[、.．]?$|^[IVX]{1,4}[.、]?$")
_SUM = re.compile(r"(小计|合计|总计|共计|累计)[:：]?([(（].{0,12}[)）])?$")
_GRAND = re.compile(r"^(全县|全市|全区|全州|全省|全旗|本县|县级|全乡|全镇|全校|总数)(合计|总计)?$")
_SMALL = re.compile(r"小计")
_LONG_NOTE = 40


@dataclass(slots=True)
class Lines:
    """0-based rows by what they are."""

    rows: dict[Line, list[int]] = field(default_factory=lambda: {line: [] for line in Line})
    bare: set[int] = field(default_factory=set)
    """Rows taken for captions though nothing but standing alone in the first column says so."""

    def __getitem__(self, line: Line) -> list[int]:
        return self.rows[line]


class LineSorter:
    """Sorts the rows below one header."""

    def __init__(self, grid: Grid, header: Header, last_column: int) -> None:
        self._grid = grid
        self._header = header
        self._width = len(header.paths)
        self._left = min(header.paths)
        self._last_column = last_column
        self._names = {c: header_key(path[-1]) for c, path in header.paths.items()}
        self._heads = [
            {c: header_key(text) for c, cell in enumerate(grid.rows[r]) if (text := as_text(cell))}
            for r in range(header.first, header.last + 1)
        ]
        self._titles = {_tight(cell) for row in grid.rows[: header.first] for cell in row if cell is not None} - {""}
        self._serial = next((c for c, name in self._names.items() if name in ("序号", "编号", "序", "no", "no.")), None)
        self._bare: set[int] = set()
        self._wide_merges = {
            top for top, left, bottom, right in grid.merged if top == bottom and (right - left + 1) * 2 >= self._width
        }

    def sort(self) -> Lines:
        """All rows below the header that say something."""
        kinds: list[tuple[int, Line]] = []
        is_top = True
        for r in range(self._header.last + 1, len(self._grid.rows)):
            filled: Filled = [(c, cell) for c, cell in enumerate(self._grid.rows[r]) if _tight(cell)]
            if not filled:
                if any(row == r for row, _ in self._grid.broken):
                    kinds.append((r, Line.DATA))
                continue
            line = self._judge(r, filled, is_top=is_top)
            kinds.append((r, line))
            is_top = line in (Line.GUIDE, Line.MARK, Line.TITLE, Line.NOTE) or (is_top and line is not Line.DATA)
        return self._settled(kinds)

    def _judge(self, row: int, filled: Filled, *, is_top: bool) -> Line:  # noqa: PLR0911 - one test a kind
        texts = [as_text(cell).strip() for _, cell in filled]
        if self._is_header(filled):
            return Line.TITLE
        if self._is_marks(texts):
            return Line.MARK
        if is_top and len(filled) > 1 and self._is_guide(texts):
            return Line.GUIDE
        if self._is_sum(filled):
            return Line.GROUP if _SMALL.search(_tight(self._leading(filled))) else Line.FOOTER
        if self._is_caption_row(row, filled):
            line = self._lone(filled, texts[0])
            if line is Line.GROUP and row not in self._wide_merges and not _COUNTED.search(_tight(texts[0])):
                self._bare.add(row)
            return line
        if self._is_remark(filled, texts):
            return Line.FOOTER
        if self._serial is not None and self._is_ordinal_group(filled):
            return Line.GROUP
        if len(filled) == 2 and self._width > 3 and re.search(r"^共?\d+(户|人|所|个|村|条|名)$", texts[1]):
            return Line.GROUP
        return Line.DATA

    # ------------------------------------------------------------------ kinds of rows
    def _is_header(self, filled: Filled) -> bool:
        texts = {c: header_key(as_text(cell)) for c, cell in filled}
        if len(texts) == 1 and self._width > 1:
            return False
        return any(sum(head.get(c) == text for c, text in texts.items()) * 2 > len(texts) for head in self._heads)

    @staticmethod
    def _is_marks(texts: list[str]) -> bool:
        return sum(bool(MARKED.match(text)) for text in texts) * 2 >= len(texts)

    @staticmethod
    def _is_guide(texts: list[str]) -> bool:
        if is_guide_word(texts[0]) or is_numbering(texts):
            return True
        told = sum(bool(is_guide_word(text) or _UNIT.match(text)) for text in texts)
        if told * 2 > len(texts):
            return True
        return len(texts) > 2 and all(_FIELD.match(text) for text in texts)

    def _leading(self, filled: Filled) -> str:
        """The words a total begins with: in the first columns, after a running number at most."""
        for c, cell in filled:
            if c > self._left + max(3, self._width // 3):
                break
            if isinstance(cell, str) and (_SUM.search(_tight(cell)) or _GRAND.match(_tight(cell))):
                return cell if len(_tight(cell)) <= 16 else ""
        return ""

    def _is_sum(self, filled: Filled) -> bool:
        word = _tight(self._leading(filled))
        if not word:
            return False
        others = [sort_of(cell) for _, cell in filled if _tight(cell) != word]
        figures = sum(sort in (Sort.NUMBER, Sort.PERIOD, Sort.LONG_NUMBER, Sort.TOKEN) for sort in others)
        return is_total_word(word) or not others or figures * 2 >= len(others)

    def _is_caption_row(self, row: int, filled: Filled) -> bool:
        return (len(filled) == 1 and self._width > 1) or (row in self._wide_merges and len(filled) <= 2)

    def _lone(self, filled: Filled, text: str) -> Line:  # noqa: PLR0911 - one return a kind
        column, cell = filled[0]
        sort = sort_of(cell)
        tight = _tight(text)
        if tight in self._titles:
            return Line.TITLE
        if sort in (Sort.NUMBER, Sort.PERIOD) and column == (self._left if self._serial is None else self._serial):
            return Line.NUMBERED
        if sort in (Sort.LONG_NUMBER, Sort.NUMBER, Sort.DATE, Sort.TOKEN):
            return Line.DATA
        if is_line(text) or sort is Sort.NOTE:
            return Line.FOOTER
        if len(tight) > _LONG_NOTE or re.search(r"[。；;]", text):
            return Line.NOTE
        if _CAPTION.search(tight) or column <= self._left + 1:
            return Line.GROUP
        return Line.DATA

    def _is_remark(self, filled: Filled, texts: list[str]) -> bool:
        """Signatures, notes: the first cell is a label of its own, and the row is no full row."""
        first = texts[0]
        notes = sum(sort_of(cell) is Sort.NOTE or is_line(as_text(cell)) for _, cell in filled)
        if not notes:
            return False
        return (is_line(first) or sort_of(first) is Sort.NOTE) and (
            len(filled) * 2 <= self._width or notes * 2 >= len(filled)
        )

    def _is_ordinal_group(self, filled: Filled) -> bool:
        """一、二、三 in the column of running numbers, among 1, 2, 3."""
        cell = dict(filled).get(self._serial if self._serial is not None else -1)
        return isinstance(cell, str) and bool(_ORDINAL.match(_tight(cell))) and self._counts_in_figures()

    def _counts_in_figures(self) -> bool:
        column = self._serial if self._serial is not None else 0
        cells = [row[column] for row in self._grid.rows[self._header.last + 1 :][:200] if column < len(row)]
        figures = sum(sort_of(cell) in (Sort.NUMBER, Sort.PERIOD) for cell in cells if _tight(cell))
        return figures >= max(sum(bool(_ORDINAL.match(_tight(cell))) for cell in cells), 1)

    # ------------------------------------------------------------------ rows in their order
    def _settled(self, kinds: list[tuple[int, Line]]) -> Lines:
        """Captions and totals behind the last data row are its footer, but subtotals; those before it its groups."""
        lines = Lines(bare=self._bare)
        last = max((r for r, line in kinds if line is Line.DATA), default=-1)
        first = min((r for r, line in kinds if line is Line.DATA), default=-1)
        last = self._without_tail(kinds, last)
        for r, line in kinds:
            kept = line
            if (line is Line.DATA and r > last) or (line is Line.NOTE and r > last >= 0):
                kept = Line.FOOTER
            elif line is Line.FOOTER and r < first and not self._is_sum_row(r):
                kept = Line.NOTE
            elif line is Line.FOOTER and r < last and self._is_sum_row(r):
                kept = Line.GROUP
            elif line is Line.GROUP and r > last >= 0 and not self._stays_group(r):
                kept = Line.FOOTER
            lines[kept].append(r)
        return lines

    def _is_sum_row(self, row: int) -> bool:
        return bool(self._leading([(c, cell) for c, cell in enumerate(self._grid.rows[row]) if _tight(cell)]))

    def _stays_group(self, row: int) -> bool:
        words = "".join(_tight(cell) for cell in self._grid.rows[row])
        return bool(_SMALL.search(words) or re.search(r"[(（]\d+(户|所|人|个|名|条|村)[)）]$", words))

    def _without_tail(self, kinds: list[tuple[int, Line]], last: int) -> int:
        """The last data row, without signatures that carry no label and without a line of sums."""
        order = [r for r, line in kinds if line is Line.DATA]
        while len(order) > 1 and order[-1] == last and self._is_tail(last, order[-2]):
            order.pop()
            last = order[-1]
        return last

    def _is_tail(self, row: int, before: int) -> bool:
        filled: Filled = [(c, cell) for c, cell in enumerate(self._grid.rows[row]) if _tight(cell)]
        sorts = [sort_of(cell) for _, cell in filled]
        if not filled or self._width < 4:
            return False
        if len(filled) <= 2 and row - before > 1 and not any(sort is Sort.NUMBER for sort in sorts):
            return self._serial is None or self._serial not in dict(filled)
        if filled[0][0] >= self._left + 2 and all(isinstance(cell, int | float) for _, cell in filled):
            return any(self._is_summed(c, float(cell), row) for c, cell in filled if isinstance(cell, int | float))
        return False

    def _is_summed(self, column: int, stated: float, row: int) -> bool:
        cells = [r[column] for r in self._grid.rows[self._header.last + 1 : row] if column < len(r)]
        figures = [cell for cell in cells if isinstance(cell, int | float) and not isinstance(cell, bool)]
        return len(figures) > 1 and abs(sum(figures) - stated) < 0.005


def _tight(cell: CellValue) -> str:
    return "".join(nfkc(as_text(cell)).split())
