"""Tables that only call themselves ``.xls``: HTML and XML Spreadsheet 2003 (layout L7)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse
from lxml import etree

from ingestion.normalise.problems import file_problem
from ingestion.reader.grid import Book, Grid, address
from ingestion.table import CellValue

_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_X = "{urn:schemas-microsoft-com:office:excel}"
_WIDEST = 2_000
_TALLEST = 2_000_000


def read_html(text: str) -> Book:
    """Every innermost table of a page as a sheet of text cells. Scripts, links and entities are never followed.

    Raises FileProblem F-01 without a table, F-03 if the last table is not closed.
    """
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    parser = etree.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
    root = etree.fromstring(text, parser)
    tables = [] if root is None else [table for table in root.iter("table") if table.find(".//table") is None]
    if not tables:
        raise file_problem("F-01")
    if text.lower().rfind("</table") < text.lower().rfind("<tr"):
        # A parser closes what is open and says nothing: the rows that did not arrive would be gone without a trace.
        raise file_problem("F-03")
    return Book([_html_table(f"表{number}", table) for number, table in enumerate(tables, 1)], is_text=True)


def _html_table(name: str, table: Any) -> Grid:
    grid = Grid(name, [])
    taken: set[tuple[int, int]] = set()
    for r, row in enumerate(table.iter("tr")):
        cells: list[CellValue] = []
        c = 0
        for cell in row:
            if cell.tag not in ("td", "th"):
                continue
            while taken and (r, c) in taken:
                cells.append(None)
                c += 1
            cells.append(_html_text(cell) or None)
            if not cell.attrib:
                c += 1
                continue
            down, across = _span(cell, "rowspan"), _span(cell, "colspan")
            cells.extend([None] * (across - 1))
            if down > 1 or across > 1:
                grid.merged.append((r, c, r + down - 1, c + across - 1))
            if down > 1:
                taken.update((r + i, c + j) for i in range(1, min(down, 70_000)) for j in range(across))
            c += across
        grid.rows.append(cells)
    return grid


def _span(cell: Any, name: str) -> int:
    stated = (cell.get(name) or "1").strip()
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


def read_xml2003(data: bytes) -> Book:
    """The worksheets of an XML Spreadsheet 2003. Raises FileProblem F-01 for broken XML and for entity tricks."""
    try:
        return Book(list(_worksheets(data)), is_text=False)
    except (ParseError, DefusedXmlException, ValueError) as problem:
        raise file_problem("F-01", message="文件已损坏，打不开", fix="请在本机打开检查，另存为xlsx后重报") from problem


def _worksheets(data: bytes) -> Iterator[Grid]:
    for _, node in iterparse(io.BytesIO(data), events=("end",)):
        if node.tag == f"{_SS}Worksheet":
            grid = Grid(node.get(f"{_SS}Name", ""), [])
            visible = node.find(f"{_X}WorksheetOptions/{_X}Visible")
            grid.is_hidden = visible is not None and (visible.text or "").startswith("SheetHidden")
            _xml_rows(node, grid)
            yield grid
            node.clear()


def _xml_rows(sheet: Element, grid: Grid) -> None:
    for row in sheet.iterfind(f"{_SS}Table/{_SS}Row"):
        index = row.get(f"{_SS}Index")
        while index is not None and len(grid.rows) < min(int(index) - 1, _TALLEST):
            grid.rows.append([])
        cells: list[CellValue] = []
        r = len(grid.rows)
        for cell in row.iterfind(f"{_SS}Cell"):
            place = cell.get(f"{_SS}Index")
            if place is not None:
                cells.extend([None] * min(int(place) - 1 - len(cells), _WIDEST))
            across = min(int(cell.get(f"{_SS}MergeAcross", "0")), _WIDEST)
            down = min(int(cell.get(f"{_SS}MergeDown", "0")), _TALLEST)
            c = len(cells)
            if across or down:
                grid.merged.append((r, c, r + down, c + across))
            value, is_broken = _xml_value(cell)
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
    if kind == "Error":
        return None, True
    if kind == "Number":
        number = float(text)
        return (int(number) if number.is_integer() and abs(number) < 1e15 else number), False
    if kind == "Boolean":
        return text.strip() == "1", False
    if kind == "DateTime":
        return datetime.fromisoformat(text.strip()), False
    return text or None, False
