"""What the fast engine does not tell of an xlsx workbook: cells that show an error or a formula nobody calculated
(F-16), which it gives as empty, and figures that are shown as something else (GEN-20, GEN-24)."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from defusedxml.ElementTree import fromstring

from ingestion.reader.grid import address
from ingestion.reader.shown import Shown, as_shown, shown_by_number

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
    shown: Faults = field(default_factory=dict)
    """Sheet name -> (row, column), 0-based -> text, of figures that are shown as 2019.10 or 95%."""


def xlsx_marks(data: bytes) -> Marks:
    """Broken cells of each sheet, figures shown as something else, and the base of dates."""
    marks = Marks()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        workbook = fromstring(archive.read("xl/workbook.xml"))
        namespace = _STRICT if workbook.tag.startswith(_STRICT) else _MAIN
        properties = workbook.find(f"{namespace}workbookPr")
        marks.is_1904 = properties is not None and properties.get("date1904", "0") in ("1", "true")
        links = fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        targets = {link.get("Id"): link.get("Target", "") for link in links}
        names = set(archive.namelist())
        styles = _styles(archive.read("xl/styles.xml")) if "xl/styles.xml" in names else {}
        for sheet in workbook.iterfind(f"{namespace}sheets/{namespace}sheet"):
            link = next((value for key, value in sheet.attrib.items() if _LINK.search(key)), None)
            target = targets.get(link, "")
            part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            if part in names:
                xml = archive.read(part)
                marks.faults[sheet.get("name", "")] = _broken_cells(xml)
                marks.shown[sheet.get("name", "")] = _shown(xml, styles)
    return marks


_LOST_ZERO = re.compile(rb"<(?:\w{1,20}:)?c\s([^<>]*+)><(?:\w{1,20}:)?v>((?:19|20)[0-9]{2}\.1)</")
_STYLE = re.compile(rb'\bs="(\d{1,6})"')
_FIGURE = re.compile(
    rb"<(?:\w{1,20}:)?c\s([^<>]*+)>(?:<(?:\w{1,20}:)?f(?:\s[^<>]*+)?(?:(?<=/)>|>[^<]*+</(?:\w{1,20}:)?f>))?"
    rb"<(?:\w{1,20}:)?v>([-+0-9.eE]{1,40})</"
)
_NO_FIGURE = re.compile(rb'\bt="(?!n")')
_WIDEST_TAG = 200
"""A tag of a cell is shorter; looking further back would make a text full of attributes quadratic."""


def _styles(xml: bytes) -> dict[int, Shown]:
    """Number of a cell style -> how it shows figures."""
    root = fromstring(xml)
    space = root.tag.partition("}")[0] + "}"
    own = {
        int(entry.get("numFmtId", "0")): entry.get("formatCode", "")
        for entry in root.iterfind(f"{space}numFmts/{space}numFmt")
    }
    forms = enumerate(root.iterfind(f"{space}cellXfs/{space}xf"))
    shown = {number: shown_by_number(int(form.get("numFmtId", "0")), own) for number, form in forms}
    return {number: how for number, how in shown.items() if how is not None}


def _shown(xml: bytes, styles: Mapping[int, Shown]) -> dict[tuple[int, int], str]:
    """Figures that are shown as another text: 2019.1 in a cell that shows 2019.10 is October."""
    found: list[tuple[re.Match[bytes], str]] = []
    for cell in _styled_figures(xml, styles):
        how = _STYLE.search(cell[1])
        text = as_shown(float(cell[2]), styles.get(int(how[1]))) if how else None
        if text is not None:
            found.append((cell, text))
    found.sort(key=lambda entry: entry[0].start())
    return dict(zip(_places(xml, [cell for cell, _ in found]), (text for _, text in found), strict=True))


def _styled_figures(xml: bytes, styles: Mapping[int, Shown]) -> Iterator[re.Match[bytes]]:
    """Cells whose figure may be shown as something else; asked for by what is rare, for most sheets have none."""
    if b".1<" in xml:
        yield from _LOST_ZERO.finditer(xml)
    wanted = [str(number) for number, how in styles.items() if how is Shown.PERCENT]
    if not wanted:
        return
    for hit in re.finditer(rb'\bs="(?:' + "|".join(wanted).encode() + rb')"', xml):
        start = xml.rfind(b"<", max(hit.start() - _WIDEST_TAG, 0), hit.start())
        cell = _FIGURE.match(xml, start) if start >= 0 else None
        if cell is not None and not _NO_FIGURE.search(cell[1]):
            yield cell


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
