"""Cells that show an error or a formula nobody calculated (F-16). The fast engine gives them as empty: a value lost."""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile

import olefile
from defusedxml.ElementTree import fromstring

from ingestion.reader.grid import address

Faults = dict[str, dict[tuple[int, int], str]]
"""Sheet name -> (row, column), 0-based -> address."""

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_LINK = re.compile(r"\}id$")
_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
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


_BOFS = (0x0009, 0x0209, 0x0409, 0x0809)
_EOF, _BOUNDSHEET, _DATEMODE, _FORMULA_RECORD, _BOOLERR = 0x0A, 0x85, 0x22, 0x06, 0x0205


def xls_faults(data: bytes) -> tuple[Faults, bool]:
    """Broken cells of each worksheet of a BIFF5 or BIFF8 workbook, and whether dates count from 1904.

    Raises ValueError if a sheet that the workbook announces is not there to its end: the engine that reads the cells
    would give what it finds and say nothing.
    """
    with olefile.OleFileIO(io.BytesIO(data)) as container:
        stream = container.openstream("Workbook" if container.exists("Workbook") else "Book").read()
    sheets: dict[int, str] = {}
    is_1904 = False
    found: Faults = {}
    position = depth = 0
    current: dict[tuple[int, int], str] = {}
    while position + 4 <= len(stream):
        record, size = struct.unpack_from("<HH", stream, position)
        body = position + 4
        if record == _BOUNDSHEET and size > 8:
            sheets[struct.unpack_from("<I", stream, body)[0]] = _sheet_name(stream[body + 6 : body + size])
        elif record == _DATEMODE:
            is_1904 = struct.unpack_from("<H", stream, body)[0] == 1
        elif record in _BOFS:
            depth += 1
            if position in sheets:
                current = found.setdefault(sheets.pop(position), {})
        elif record == _EOF:
            depth -= 1
        elif (record == _BOOLERR and size >= 8 and stream[body + 7] == 1) or (
            record == _FORMULA_RECORD
            and size >= 14
            and stream[body + 6] == 2
            and stream[body + 12 : body + 14] == b"\xff\xff"
        ):
            row, column = struct.unpack_from("<HH", stream, body)
            current[(row, column)] = address(row, column)
        position = body + size
    if sheets or depth > 0:
        raise ValueError(f"workbook stream ends early: [{len(sheets)}] sheets missing, [{depth}] not closed")
    return found, is_1904


def _sheet_name(body: bytes) -> str:
    """BIFF8: length, a flag byte, then one or two bytes per character."""
    length, flags = body[0], body[1]
    if flags & 1:
        return body[2 : 2 + 2 * length].decode("utf-16-le", errors="replace")
    return body[2 : 2 + length].decode("latin-1")
