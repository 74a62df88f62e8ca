"""Tables that only call themselves ``.xls``: HTML and XML Spreadsheet 2003 (layout L7)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import isfinite
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse
from lxml import etree

from ingestion.normalise.problems import file_problem
from ingestion.reader.grid import Book, Grid, address
from ingestion.reader.guards import (
    MOST_COLUMNS,
    MOST_ROWS,
    Limits,
    refuse_document_type,
    stray_cell,
    too_many_cells,
)
from ingestion.reader.refusals import damaged
from ingestion.reader.shown import Shown, as_shown, shown_by_name
from ingestion.table import CellValue

_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_X = "{urn:schemas-microsoft-com:office:excel}"
_WIDEST = 2_000
_LAST_DAY = 2_958_466
"""Day number of the first day of the year 10000."""
_DEEPEST = 60
_EMPTY_ROW = 8
"""An empty row takes as much room as this many cells."""
_ROW_TAG = re.compile(r"<tr[\s>/]")


def read_html(text: str, limits: Limits | None = None) -> Book:
    """Every innermost table of a page as a sheet of text cells. Scripts, links and entities are never followed.

    Raises FileProblem F-01 without a table or with one nested beyond reason, F-02 for too many cells, F-03 if the last
    table is not closed.
    """
    text = re.sub(r"^\s*<\?xml[^<>]*\?>", "", text)
    parser = etree.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise damaged() from None
    tables = [] if root is None else list(root.iter("table"))
    if not tables:
        raise file_problem("F-01")
    lowered = text.lower()
    if lowered.rfind("</table") < lowered.rfind("<tr"):
        # A parser closes what is open and says nothing: the rows that did not arrive would be gone without a trace.
        raise file_problem("F-03")
    if sum(1 for _ in root.iter("tr")) < _written_rows(lowered):
        raise damaged()  # the parser gives up in silence below a few hundred levels
    budget = _Budget(limits or Limits())
    innermost = [table for table in tables if next(table.iterdescendants("table"), None) is None]
    return Book([_html_table(f"表{number}", table, budget) for number, table in enumerate(innermost, 1)], is_text=True)


def _written_rows(lowered: str) -> int:
    """Rows written outside comments, scripts and styles."""
    head, *pieces = re.split("<!--|<script|<style", lowered)
    parts = [head, *(re.split("-->|</script|</style", piece, maxsplit=1)[-1] for piece in pieces)]
    return sum(len(_ROW_TAG.findall(part)) for part in parts)


@dataclass(slots=True)
class _Budget:
    """Cells that may still be made: spans and indexes are written in a few bytes each."""

    limits: Limits
    spent: int = 0

    def spend(self, cells: int) -> None:
        self.spent += cells
        if self.spent > self.limits.max_cells:
            raise too_many_cells(self.limits)


def _html_table(name: str, table: Any, budget: _Budget) -> Grid:
    grid = Grid(name, [])
    taken: dict[int, list[tuple[int, int]]] = {}
    """Row -> columns, first and behind the last, that cells from above reach into."""
    rows = list(table.iter("tr"))
    for r, row in enumerate(rows):
        cells: list[CellValue] = []
        reached = taken.pop(r, [])
        for cell in row:
            if cell.tag not in ("td", "th"):
                continue
            while reached and (end := max((after for c, after in reached if c <= len(cells) < after), default=0)):
                cells.extend([None] * (end - len(cells)))
            c = len(cells)
            cells.append(_html_text(cell) or None)
            if not cell.attrib:
                continue
            down, across = min(_span(cell, "rowspan"), len(rows) - r), _span(cell, "colspan")
            budget.spend(down * across)
            if c + across > MOST_COLUMNS:
                raise too_many_cells(budget.limits)
            cells.extend([None] * (across - 1))
            if down > 1 or across > 1:
                grid.merged.append((r, c, r + down - 1, c + across - 1))
            for below in range(r + 1, r + down):
                taken.setdefault(below, []).append((c, c + across))
        grid.rows.append(cells)
    return grid


def _span(cell: Any, name: str) -> int:
    stated = (cell.get(name) or "1").strip()[:6]
    return min(max(int(stated), 1), _WIDEST) if stated.isascii() and stated.isdigit() else 1


def _html_text(cell: Any) -> str:
    if len(cell) == 0:
        return (cell.text or "").strip()
    parts: list[str] = []
    for node in cell.iter():
        if node.tag == "br":
            parts.append("\n")
        elif node.tag not in ("script", "style"):
            parts.append(node.text or "")
        if node is not cell:
            parts.append(node.tail or "")
    return "".join(parts).strip()


def read_xml2003(data: bytes, limits: Limits | None = None) -> Book:
    """The worksheets of an XML Spreadsheet 2003.

    Raises FileProblem F-01 for broken XML and for entity tricks, F-02 for too many cells.
    """
    refuse_document_type(data)
    try:
        styles = _Styles()
        grids = list(_worksheets(data, _Budget(limits or Limits()), styles))
        return Book(grids, is_text=False, is_1904=styles.is_1904)
    except (ParseError, DefusedXmlException, ValueError, OverflowError, LookupError):
        raise damaged() from None  # without the cause: its text may quote a cell


@dataclass(slots=True)
class _Styles:
    """How cells show figures: a cell names its style, else its row or its column does; styles build on one another."""

    shown: dict[str, Shown | None] = field(default_factory=dict)
    of_columns: dict[int, str] = field(default_factory=dict)
    """Column of the current sheet -> style."""
    next_column: int = 0
    is_1904: bool = False

    def take(self, style: Element) -> None:
        """A definition; what it does not say is as in the one it builds on."""
        stated = style.find(f"{_SS}NumberFormat")
        parent = self.shown.get(style.get(f"{_SS}Parent", ""))
        shown = parent if stated is None else shown_by_name(stated.get(f"{_SS}Format", ""))
        self.shown[style.get(f"{_SS}ID", "")] = shown

    def take_column(self, column: Element) -> None:
        """The style of some columns."""
        first = int(column.get(f"{_SS}Index", "0")) - 1
        first = self.next_column if first < 0 else first
        self.next_column = min(first + 1 + max(int(column.get(f"{_SS}Span", "0")), 0), MOST_COLUMNS)
        style = column.get(f"{_SS}StyleID")
        if style is not None:
            self.of_columns.update(dict.fromkeys(range(first, self.next_column), style))

    def of(self, cell: Element, row: Element, column: int) -> Shown | None:
        """How a cell shows a figure."""
        style = cell.get(f"{_SS}StyleID") or row.get(f"{_SS}StyleID") or self.of_columns.get(column, "Default")
        return self.shown.get(style)


def _worksheets(data: bytes, budget: _Budget, styles: _Styles) -> Iterator[Grid]:
    grid = Grid("", [])
    depth = 0
    for event, node in iterparse(io.BytesIO(data), events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > _DEEPEST:
            raise damaged()
        if event == "start":
            if node.tag == f"{_SS}Worksheet":
                grid = Grid(node.get(f"{_SS}Name", ""), [])
                styles.of_columns, styles.next_column = {}, 0
        elif node.tag == f"{_SS}Row":
            _xml_row(node, grid, budget, styles)
            node.clear()
        elif node.tag == f"{_SS}Style":
            styles.take(node)
        elif node.tag == f"{_SS}Column":
            styles.take_column(node)
        elif node.tag == f"{_X}Date1904":
            styles.is_1904 = True
        elif node.tag == f"{_SS}Worksheet":
            visible = node.find(f"{_X}WorksheetOptions/{_X}Visible")
            grid.is_hidden = visible is not None and (visible.text or "").startswith("SheetHidden")
            yield grid
            node.clear()


def _xml_row(row: Element, grid: Grid, budget: _Budget, styles: _Styles) -> None:
    index = int(row.get(f"{_SS}Index", "0"))
    if index - 1 > len(grid.rows):
        if index > MOST_ROWS:
            raise stray_cell(min(index, 10**7), 1)
        budget.spend((index - len(grid.rows)) * _EMPTY_ROW)
        grid.rows.extend([] for _ in range(index - 1 - len(grid.rows)))
    cells: list[CellValue] = []
    r = len(grid.rows)
    for cell in row.iterfind(f"{_SS}Cell"):
        ahead = int(cell.get(f"{_SS}Index", "0")) - 1 - len(cells)
        across = max(int(cell.get(f"{_SS}MergeAcross", "0")), 0)
        down = max(int(cell.get(f"{_SS}MergeDown", "0")), 0)
        if max(ahead, across) > MOST_COLUMNS or down > MOST_ROWS:
            raise stray_cell(min(r + down + 1, 10**7), min(len(cells) + max(ahead, across) + 1, 10**6))
        budget.spend(1 + max(ahead, 0) + across)
        cells.extend([None] * ahead)
        c = len(cells)
        if across or down:
            grid.merged.append((r, c, r + down, c + across))
        value, is_broken = _xml_value(cell)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = _as_seen(value, styles.of(cell, row, c), is_1904=styles.is_1904)
        if is_broken:
            grid.broken[(r, c)] = address(r, c)
        cells.append(value)
        cells.extend([None] * across)
    grid.rows.append(cells)


def _xml_value(cell: Element) -> tuple[CellValue, bool]:
    data = cell.find(f"{_SS}Data")
    if data is None:
        return None, cell.get(f"{_SS}Formula") is not None
    text = "".join(data.itertext())
    kind = data.get(f"{_SS}Type")
    if kind == "Number":
        number = float(text)
        if not isfinite(number):
            return None, True
        return (int(number) if number.is_integer() and abs(number) < 1e15 else number), False
    if kind == "Boolean":
        return text.strip() == "1", False
    if kind == "DateTime":
        return datetime.fromisoformat(text.strip()).replace(tzinfo=None), False
    return (None, True) if kind == "Error" else (text or None, False)


def _as_seen(figure: float, shown: Shown | None, *, is_1904: bool) -> CellValue:
    """The figure, or what its format makes of it: a day, 2019.10, 95%."""
    if shown is Shown.DAY and 0 < figure < _LAST_DAY:
        base = date(1904, 1, 1) if is_1904 else date(1899, 12, 30)
        moment = datetime.combine(base, time()) + timedelta(days=figure)
        return moment if moment.time() != time() else moment.date()
    text = as_shown(figure, shown)
    return figure if text is None else text
