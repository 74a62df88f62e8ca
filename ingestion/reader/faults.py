"""Cells that show an error or a formula nobody calculated (F-16). The fast engine gives them as empty: a value lost."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile

from defusedxml.ElementTree import fromstring

from ingestion.reader.grid import address

Faults = dict[str, dict[tuple[int, int], str]]
"""Sheet name -> (row, column), 0-based -> address."""

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_LINK = re.compile(r"\}id$")
# No step back: a comment full of "<c " must not make this quadratic.
_CELL = re.compile(
    rb"<(?:\w{1,20}:)?c\s([^<>]*+)(?:(?<=/)>|>((?:[^<]++|<(?!/?(?:\w{1,20}:)?c[\s>/]))*+)</(?:\w{1,20}:)?c>)"
)
_REFERENCE = re.compile(rb'\br="([A-Z]{1,3})(\d+)"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_VALUE = re.compile(rb"<(?:\w+:)?(?:v>[^<]|is[\s>/])")


def xlsx_faults(data: bytes) -> tuple[Faults, bool]:
    """Broken cells of each sheet, and whether dates count from 1904."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        workbook = fromstring(archive.read("xl/workbook.xml"))
        namespace = _STRICT if workbook.tag.startswith(_STRICT) else _MAIN
        properties = workbook.find(f"{namespace}workbookPr")
        is_1904 = properties is not None and properties.get("date1904", "0") in ("1", "true")
        links = fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        targets = {link.get("Id"): link.get("Target", "") for link in links}
        names = set(archive.namelist())
        found: Faults = {}
        for sheet in workbook.iterfind(f"{namespace}sheets/{namespace}sheet"):
            link = next((value for key, value in sheet.attrib.items() if _LINK.search(key)), None)
            target = targets.get(link, "")
            part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            if part in names:
                found[sheet.get("name", "")] = _broken_cells(archive.read(part))
    return found, is_1904


def _broken_cells(xml: bytes) -> dict[tuple[int, int], str]:
    if b't="e"' not in xml and not _FORMULA.search(xml):
        return {}
    found: dict[tuple[int, int], str] = {}
    for cell in _CELL.finditer(xml):
        attributes, inner = cell[1], cell[2] or b""
        # A text formula may well have come out empty; t="str" says that it was calculated.
        is_uncalculated = (
            b't="str"' not in attributes and _FORMULA.search(inner) is not None and _VALUE.search(inner) is None
        )
        if b't="e"' not in attributes and not is_uncalculated:
            continue
        if place := _REFERENCE.search(attributes):
            row, column = int(place[2]) - 1, _column(place[1])
            found[(row, column)] = address(row, column)
    return found


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
