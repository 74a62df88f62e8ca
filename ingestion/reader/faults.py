"""Cells that show an error or a formula nobody calculated (F-16). The fast engine gives them as empty: a value lost."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field

from defusedxml.ElementTree import fromstring

from ingestion.reader.grid import address

Faults = dict[str, dict[tuple[int, int], str]]
"""Sheet name -> (row, column), 0-based -> address."""

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_LINK = re.compile(r"\}id$")
# No step back: a comment full of "<c " must not make this quadratic.
_CELL = re.compile(
    rb"<(?:\w{1,20}:)?c((?:\s[^<>]*+)?+)(?:(?<=/)>|>((?:[^<]++|<(?!/?(?:\w{1,20}:)?c[\s>/]))*+)</(?:\w{1,20}:)?c>)"
)
_ROW_OR_CELL = re.compile(rb"<(?:\w{1,20}:)?(?P<kind>row|c)(?=[\s>/])(?P<attributes>[^<>]*+)>")
_ROW_NUMBER = re.compile(rb'\br="(\d+)"')
_REFERENCE = re.compile(rb'\br="([A-Z]{1,3})(\d+)"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_VALUE = re.compile(rb"<(?:\w+:)?(?:v>[^<]|is[\s>/])")


@dataclass(slots=True)
class Marks:
    """What the fast engine does not tell of a workbook."""

    faults: Faults = field(default_factory=dict)
    is_1904: bool = False
    """Dates count from 1904."""
    octobers: Faults = field(default_factory=dict)
    """Sheet name -> (row, column), 0-based -> text, of figures such as 2019.1 that are shown with two decimals."""


def xlsx_marks(data: bytes) -> Marks:
    """Broken cells of each sheet, months shown as 2019.10, and the base of dates."""
    marks = Marks()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        workbook = fromstring(archive.read("xl/workbook.xml"))
        namespace = _STRICT if workbook.tag.startswith(_STRICT) else _MAIN
        properties = workbook.find(f"{namespace}workbookPr")
        marks.is_1904 = properties is not None and properties.get("date1904", "0") in ("1", "true")
        links = fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        targets = {link.get("Id"): link.get("Target", "") for link in links}
        names = set(archive.namelist())
        styles = archive.read("xl/styles.xml") if "xl/styles.xml" in names else b""
        for sheet in workbook.iterfind(f"{namespace}sheets/{namespace}sheet"):
            link = next((value for key, value in sheet.attrib.items() if _LINK.search(key)), None)
            target = targets.get(link, "")
            part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            if part in names:
                xml = archive.read(part)
                marks.faults[sheet.get("name", "")] = _broken_cells(xml)
                if b".1<" in xml and _LOST_ZERO.search(xml):
                    marks.octobers[sheet.get("name", "")] = _octobers(xml, _two_decimals(styles))
    return marks


_LOST_ZERO = re.compile(rb"<(?:\w{1,20}:)?c\s([^<>]*+)><(?:\w{1,20}:)?v>((?:19|20)[0-9]{2}\.1)</")
_STYLE = re.compile(rb'\bs="(\d{1,6})"')
_TWO_DECIMALS = re.compile(r"^(\[[^\]]*\])*#?,?#*0\.00(_.)?(;.*)?$")
_BUILT_IN = frozenset({2, 4})


def _two_decimals(styles: bytes) -> set[int]:
    """Numbers of the cell styles that show two decimals."""
    if not styles:
        return set()
    root = fromstring(styles)
    space = root.tag.partition("}")[0] + "}"
    own = {
        int(entry.get("numFmtId", "0"))
        for entry in root.iterfind(f"{space}numFmts/{space}numFmt")
        if _TWO_DECIMALS.match(entry.get("formatCode", ""))
    }
    forms = root.iterfind(f"{space}cellXfs/{space}xf")
    return {number for number, form in enumerate(forms) if int(form.get("numFmtId", "0")) in _BUILT_IN | own}


def _octobers(xml: bytes, styles: set[int]) -> dict[tuple[int, int], str]:
    """GEN-20: 2019.1 in a cell that shows 2019.10 is October."""
    cells = [cell for cell in _LOST_ZERO.finditer(xml) if (style := _STYLE.search(cell[1])) and int(style[1]) in styles]
    return {place: f"{cell[2].decode()}0" for place, cell in zip(_places(xml, cells), cells, strict=True)}


def _is_broken(attributes: bytes, inner: bytes) -> bool:
    if b't="e"' in attributes:
        return True
    # A text formula may well have come out empty; t="str" says that it was calculated.
    return b't="str"' not in attributes and _FORMULA.search(inner) is not None and _VALUE.search(inner) is None


def _broken_cells(xml: bytes) -> dict[tuple[int, int], str]:
    may_have_formulas = b"<f" in xml or b":f" in xml  # asked first, for patterns are slow
    if b't="e"' not in xml and not (may_have_formulas and _FORMULA.search(xml)):
        return {}
    cells = [cell for cell in _CELL.finditer(xml) if _is_broken(cell[1], cell[2] or b"")]
    return {place: address(*place) for place in _places(xml, cells)}


def _places(xml: bytes, cells: Sequence[re.Match[bytes]]) -> list[tuple[int, int]]:
    """Row and column of cells in the order of the file, 0-based.

    Some programs write no `r`: a cell then stands right of the one before it, a row below the one before it (ECMA-376
    part 1, 18.3.1.4 and 18.3.1.73: the attribute is optional).
    """
    stated = [_REFERENCE.search(cell[1]) for cell in cells]
    if all(stated):
        return [(int(place[2]) - 1, _column(place[1])) for place in stated if place]
    wanted = {cell.start() for cell in cells}
    found: list[tuple[int, int]] = []
    row = column = -1
    for tag in _ROW_OR_CELL.finditer(xml):
        if tag["kind"] == b"row":
            number = _ROW_NUMBER.search(tag["attributes"])
            row, column = int(number[1]) - 1 if number else row + 1, -1
            continue
        place = _REFERENCE.search(tag["attributes"])
        column = _column(place[1]) if place else column + 1
        if tag.start() in wanted:
            found.append((row, column))
    return found


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
