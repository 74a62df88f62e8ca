"""Files made to hurt whoever opens them, each a few kilobytes. Built here, in memory; nothing in them is ever run."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable, Mapping

import olefile

from tests.unit.ingestion.corpus import with_shared_texts
from tests.unit.ingestion.reader_files import HEADER, people, xls, xlsx, xml2003

_ROWS = [HEADER, *people(3)]
_SHEET, _TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


def repacked(
    data: bytes, changes: Mapping[str, Callable[[bytes], bytes]], more: Mapping[str, bytes] | None = None
) -> bytes:
    """A workbook with parts changed or added, packed anew with right checksums."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            part = source.read(name)
            target.writestr(name, changes[name](part) if name in changes else part)
        for name, part in (more or {}).items():
            target.writestr(name, part)
    return out.getvalue()


def with_rows(rows: bytes) -> bytes:
    """A small workbook with these row elements behind its own."""
    return repacked(xlsx(_ROWS), {_SHEET: lambda part: part.replace(b"</sheetData>", rows + b"</sheetData>")})


def lying_dimension() -> bytes:
    """Says it fills the whole sheet; it does not, and is read."""
    return repacked(
        xlsx(_ROWS), {_SHEET: lambda part: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"', part)}
    )


def shared_text_bomb() -> bytes:
    """One text of 900 KB, and 200,000 cells that point to it: 180 GB when each has its own."""
    rows = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (n, n) for n in range(10, 200_000))
    text = b"".join(b"%06d" % (n * 7919 % 10**6) for n in range(150_000))
    return repacked(
        with_shared_texts(xlsx(_ROWS)),
        {
            _SHEET: lambda part: part.replace(b"</sheetData>", rows + b"</sheetData>"),
            _TEXTS: lambda part: re.sub(rb"<si><t>", b"<si><t>" + text, part, count=1),
        },
    )


def overlapping_merges() -> bytes:
    merges = (
        b"<mergeCells>" + b"".join(b'<mergeCell ref="A1:K%d"/>' % (n % 9 + 2) for n in range(5000)) + b"</mergeCells>"
    )
    return repacked(xlsx(_ROWS), {_SHEET: lambda part: part.replace(b"</sheetData>", b"</sheetData>" + merges)})


def entities() -> bytes:
    """The billion laughs, in a part of a workbook."""
    laughs = b'<!DOCTYPE w [<!ENTITY a "ha">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
    )
    return repacked(xlsx(_ROWS), {_SHEET: lambda part: part.replace(b"<worksheet", laughs + b"]><worksheet", 1)})


def xml_entities() -> bytes:
    """A file of the system as an external entity of an XML spreadsheet."""
    head, rest = xml2003(_ROWS).split("\n", 1)
    trick = '<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    return f"{head}{trick}{rest.replace('序号', '&x;')}".encode()


def old_dimension(rows: int, columns: int) -> bytes:
    """A BIFF workbook that announces a sheet of this size: the engine sets the room aside before it reads."""
    data = xls(_ROWS)
    place = data.index(struct.pack("<HHI", 0x0200, 14, 0))
    return data[: place + 4] + struct.pack("<IIHH", 0, rows, 0, columns) + data[place + 16 :]


def old_text_count() -> bytes:
    """A BIFF workbook that announces two billion texts."""
    data = xls(_ROWS)
    with olefile.OleFileIO(io.BytesIO(data)) as container:
        stream = container.openstream("Workbook").read()
    place = 0
    while struct.unpack_from("<H", stream, place)[0] != 0xFC:
        place += 4 + struct.unpack_from("<H", stream, place + 2)[0]
    there = data.index(stream[place : place + 12])
    return data[: there + 4] + struct.pack("<II", 0x7FFFFFFF, 0x7FFFFFFF) + data[there + 12 :]


def old_macros() -> bytes:
    """A BIFF workbook with the storage of a VBA project beside its stream."""
    data = bytearray(xls(_ROWS))
    sector = struct.unpack_from("<I", data, 48)[0]
    directory = 512 + sector * 512
    workbook, spare = directory + 128, directory + 256
    data[spare : spare + 128] = bytes(128)
    name = "_VBA_PROJECT_CUR".encode("utf-16-le")
    data[spare : spare + len(name)] = name
    struct.pack_into("<HBB", data, spare + 64, len(name) + 2, 1, 1)
    struct.pack_into("<III", data, spare + 68, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<I", data, workbook + 72, 2)  # right sibling
    return bytes(data)


def old_lying_header() -> bytes:
    data = bytearray(xls(_ROWS))
    struct.pack_into("<I", data, 44, 0x7FFFFFFF)
    return bytes(data)


def _macro_type(part: bytes) -> bytes:
    return part.replace(b"spreadsheetml.sheet.main+xml", b"vnd.ms-excel.sheet.macroEnabled.main+xml")


def deep(tag: str) -> str:
    return f"<{tag}>" * 100_000


def _last_row(cell: bytes) -> Callable[[], bytes]:
    return lambda: with_rows(b'<row r="1048576">' + cell + b"</row>")


def _in_html(table: str) -> Callable[[], bytes]:
    return f"<html><table>{table}</table></html>".encode


def _in_xml(old: str, new: str) -> Callable[[], bytes]:
    return lambda: xml2003(_ROWS).replace(old, new, 1).encode()


def _with_part(name: str) -> Callable[[], bytes]:
    return lambda: repacked(xlsx(_ROWS), {}, {name: b"x"})


def many_empty_rows() -> bytes:
    """Each sheet of the file is a hundred bytes and a million rows."""
    sheet = '<Worksheet ss:Name="a"><Table><Row ss:Index="1048576"/></Table></Worksheet>'
    return xml2003(_ROWS).replace("<Worksheet", sheet * 10 + "<Worksheet", 1).encode()


_SPAN, _WIDE = "<td rowspan=65000 colspan=2000>姓名</td>", "<tr><td colspan=2000>姓名</td></tr>"
_TABLE = "<table><tr><td>姓名</td></tr></table>"
_QUOTED = b"<row r='1048576'><c r = 'XFD1048576'><v>1</v></c></row>"
_BEHIND = b'<!-- r="A1" --><row r="1048576"><c><v>1</v></c></row>'

HOSTILE: Mapping[str, tuple[Callable[[], bytes], str, str]] = {
    "a lone cell in the last corner": (_last_row(b'<c r="XFD1048576"><v>1</v></c>'), "F-02", "XFD1048576"),
    "the same in other quotes": (lambda: with_rows(_QUOTED), "F-02", "XFD1048576"),
    "the same without an address": (_last_row(b"<c><v>1</v></c>"), "F-02", "1048576"),
    "the same behind a comment": (lambda: with_rows(_BEHIND), "F-02", "1048576"),
    "a row at the very end": (_last_row(b'<c r="A1048576"><v>1</v></c>'), "F-02", "1048576"),
    "one text, many cells": (shared_text_bomb, "F-02", "过大"),
    "merges over merges": (overlapping_merges, "F-01", "损坏"),
    "entities in a part": (entities, "F-01", "实体"),
    "entities in xml 2003": (xml_entities, "F-01", "实体"),
    "many parts": (
        lambda: repacked(xlsx(_ROWS), {}, {f"xl/media/{n}.png": b"" for n in range(3000)}),
        "F-02",
        "异常",
    ),
    "a path that leads out": (_with_part("../../etc/cron.d/x"), "F-01", "路径"),
    "an absolute path": (_with_part("/etc/x"), "F-01", "路径"),
    "a drive": (_with_part("C:\\x"), "F-01", "路径"),
    "macros": (_with_part("xl/vbaProject.bin"), "F-01", "宏"),
    "macros under another name": (lambda: repacked(xlsx(_ROWS), {"[Content_Types].xml": _macro_type}), "F-01", "宏"),
    "controls": (_with_part("xl/activeX/activeX1.bin"), "F-01", "宏"),
    "macros in an old workbook": (old_macros, "F-01", "宏"),
    "an old workbook of four billion rows": (lambda: old_dimension(0xFFFFFFFF, 0xFFFF), "F-01", "损坏"),
    "an old workbook of two billion texts": (old_text_count, "F-01", "损坏"),
    "an old workbook of two billion sectors": (old_lying_header, "F-01", "损坏"),
    "html spans": (_in_html("<tr>" + _SPAN * 100 + "</tr>" + "<tr><td>1</td></tr>" * 500), "F-02", "万格"),
    "html columns": (_in_html(_WIDE * 30_000), "F-02", "万格"),
    "html deep": (f"<html>{deep('div')}{_TABLE}".encode, "F-01", ""),
    "html rows lost in the deep": (f"{_TABLE}{deep('div')}{_TABLE}".encode, "F-01", "损坏"),
    "xml 2003 deep": (_in_xml("<Row>", deep("a") + "<Row>"), "F-01", "损坏"),
    "xml 2003 rows": (_in_xml("<Row>", '<Row ss:Index="99999999999">'), "F-02", "范围"),
    "xml 2003 empty rows": (many_empty_rows, "F-02", "万格"),
    "separators": (lambda: b"," * 31_000_000, "F-02", "万格"),
    "line ends": (lambda: b"a,b\n" + b"\n" * 3_000_000, "F-02", "万格"),
    "a cell with a book in it": (lambda: b"a,b\n" + b"x" * 5_000_000 + b",1\n", "F-02", "文字过长"),
}
