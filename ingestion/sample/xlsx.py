"""Excel workbooks written as a stream: sheet rows come as pieces that were compressed where they were made.

Raw deflate streams that end on a byte boundary without a last block may be put behind one another, so a sheet is the
sum of its pieces and is never in memory as a whole. No clock, no random names: equal pieces give equal bytes. A library
for this (XlsxWriter with constant_memory) writes row by row in one process and cannot take ready pieces.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import BinaryIO
from xml.sax.saxutils import escape

from ingestion.sample.cells import Broken, Cell

LEVEL = 3
"""Compression: at 6 a workbook takes twice as long and is a tenth smaller."""

_MOMENT = "2026-01-01T00:00:00Z"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_CONTROL = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DAY_ZERO = date(1899, 12, 30)
_DOS_DATE = 0x21
"""1980-01-01."""
_LAST_BLOCK = b"\x03\x00"
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_MOST_BYTES = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Deflated:
    """A stretch of a part, compressed: to be joined with others."""

    data: bytes
    size: int
    """Bytes before compression."""
    crc: int


def deflate(raw: bytes) -> Deflated:
    """Compress a stretch so that another can follow."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
    return Deflated(packer.compress(raw) + packer.flush(zlib.Z_FULL_FLUSH), len(raw), zlib.crc32(raw))


def _times(matrix: Sequence[int], vector: int) -> int:
    found = 0
    for row in matrix:
        if not vector:
            break
        if vector & 1:
            found ^= row
        vector >>= 1
    return found


@cache
def _zeros(power: int) -> tuple[int, ...]:
    """What 2**power zero bytes do to a CRC-32, as a matrix over GF(2)."""
    if power == 0:
        one_bit = (0xEDB88320, *(1 << bit for bit in range(31)))
        two = tuple(_times(one_bit, row) for row in one_bit)
        four = tuple(_times(two, row) for row in two)
        return tuple(_times(four, row) for row in four)
    half = _zeros(power - 1)
    return tuple(_times(half, row) for row in half)


def joined_crc(first: int, second: int, second_size: int) -> int:
    """CRC-32 of two stretches put together, from theirs."""
    power = 0
    while second_size:
        if second_size & 1:
            first = _times(_zeros(power), first)
        second_size >>= 1
        power += 1
    return first ^ second


# ---------------------------------------------------------------- cells
def _escaped(text: str) -> str:
    """As the format wants it: control letters as _x000B_, a carriage return as a reference."""
    if _CONTROL.search(text):
        text = _CONTROL.sub(lambda found: f"_x{ord(found.group()):04X}_", text)
    return escape(text).replace("\r", "&#13;")


def cell_xml(cell: Cell) -> str:
    """One cell. It does not say where it stands: cells follow one another, empty ones too."""
    match cell:
        case None | "":
            return "<c/>"
        case str():
            space = ' xml:space="preserve"' if cell != cell.strip() else ""
            return f'<c t="inlineStr"><is><t{space}>{_escaped(cell.replace(chr(0), "_x0000_"))}</t></is></c>'
        case datetime():
            past = cell - datetime(1899, 12, 30)  # noqa: DTZ001 - cells of a workbook know no zone
            return f'<c s="2"><v>{past.days + past.seconds / 86400!r}</v></c>'
        case date():
            return f'<c s="1"><v>{(cell - _DAY_ZERO).days}</v></c>'
        case float() if cell.is_integer() and abs(cell) < 1e15:
            return f"<c><v>{int(cell)}</v></c>"
        case _:
            return f"<c><v>{cell!r}</v></c>"


_LEFT, _RIGHT = '<c t="inlineStr"><is><t>', "</t></is></c>"


def _broken_xml(cell: Broken, column: int, row: int) -> str:
    """It says where it stands: a program that meets it has to name the place."""
    place = f'r="{_letters(column)}{row}"'
    return f"<c {place}><f>{_escaped(cell[1:])}</f></c>" if cell[0] == "=" else f'<c {place} t="e"><v>{cell}</v></c>'


def _column_xml(cells: Sequence[Cell], column: int, first_row: int) -> list[str]:
    texts = [cell for cell in cells if type(cell) is str and cell]
    if len(texts) == len(cells) and texts == [text.strip() for text in texts]:
        whole = "\0".join(texts)
        if whole.count("\0") == len(texts) - 1:  # most columns are plain text: all their cells at once
            return (_LEFT + _escaped(whole).replace("\0", f"{_RIGHT}\0{_LEFT}") + _RIGHT).split("\0")
    known: dict[Cell, str] = {cell: cell_xml(cell) for cell in dict.fromkeys(cells)}
    if any(isinstance(cell, Broken) for cell in known):
        return [
            _broken_xml(cell, column, row) if isinstance(cell, Broken) else known[cell]
            for row, cell in enumerate(cells, start=first_row)
        ]
    return [known[cell] for cell in cells]


def rows_xml(columns: Sequence[Sequence[Cell]], first_row: int) -> bytes:
    """Rows from columns of equal length."""
    written = zip(*(_column_xml(cells, at, first_row) for at, cells in enumerate(columns, start=1)), strict=True)
    lines = [f'<row r="{number}">{"".join(cells)}</row>' for number, cells in enumerate(written, start=first_row)]
    return "".join(lines).encode()


# ---------------------------------------------------------------- package
def _letters(column: int) -> str:
    return ("" if column <= 26 else _letters((column - 1) // 26)) + chr(ord("A") + (column - 1) % 26)


class Workbook:
    """A workbook on a seekable file: open a sheet, write its stretches, close it; at last `finish`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._entries: list[tuple[str, int, int, int, int]] = []
        self._names: list[str] = []
        self._open: tuple[str, int] | None = None
        self._size = self._packed = self._crc = 0
        relation = f'<Relationship Id="rId1" Type="{_OFFICE}/relationships/officeDocument" Target="xl/workbook.xml"/>'
        core = (
            f'<Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/core-properties"'
            ' Target="docProps/core.xml"/>'
        )
        self._part("_rels/.rels", f'<Relationships xmlns="{_PACKAGE}/relationships">{relation}{core}</Relationships>')
        self._part(
            "docProps/core.xml",
            f'<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" xmlns:dcterms="http://purl.org/dc/terms/"'
            ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            f'<dcterms:created xsi:type="dcterms:W3CDTF">{_MOMENT}</dcterms:created>'
            f'<dcterms:modified xsi:type="dcterms:W3CDTF">{_MOMENT}</dcterms:modified></cp:coreProperties>',
        )
        self._part("xl/styles.xml", _STYLES)

    # ------------------------------------------------------------ parts
    def _begin(self, name: str) -> None:
        self._open = (name, self._file.tell())
        self._size = self._packed = self._crc = 0
        self._file.write(self._local(name))

    def _local(self, name: str) -> bytes:
        sizes = (self._crc, self._packed, self._size)
        return _LOCAL.pack(b"PK\x03\x04", 20, 0, 8, 0, _DOS_DATE, *sizes, len(name), 0) + name.encode()

    def write(self, piece: Deflated) -> None:
        """Put a stretch behind what the open part holds."""
        self._crc = joined_crc(self._crc, piece.crc, piece.size)
        self._size += piece.size
        self._packed += len(piece.data)
        self._file.write(piece.data)

    def _end(self) -> None:
        if self._open is None:
            raise RuntimeError("no part is open")
        name, start = self._open
        self._file.write(_LAST_BLOCK)
        self._packed += len(_LAST_BLOCK)
        end = self._file.tell()
        if max(self._size, end) > _MOST_BYTES:
            raise ValueError(f"part [{name}] would be larger than 4 GB; ask for fewer households")
        self._file.seek(start)
        self._file.write(self._local(name))
        self._file.seek(end)
        self._entries.append((name, start, self._crc, self._packed, self._size))
        self._open = None

    def _part(self, name: str, content: str) -> None:
        self._begin(name)
        self.write(deflate((_HEAD + content).encode()))
        self._end()

    # ------------------------------------------------------------ sheets
    def open_sheet(self, name: str) -> None:
        """Begin a sheet; the one before must be closed."""
        self._names.append(name)
        self._begin(f"xl/worksheets/sheet{len(self._names)}.xml")
        self.write(deflate(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode()))

    def close_sheet(self, merges: Sequence[tuple[int, int, int, int]]) -> None:
        """Merged ranges: first row, first column, last row, last column, from 1."""
        ranges = "".join(
            f'<mergeCell ref="{_letters(left)}{top}:{_letters(right)}{bottom}"/>' for top, left, bottom, right in merges
        )
        tail = f'<mergeCells count="{len(merges)}">{ranges}</mergeCells>' if merges else ""
        self.write(deflate(f"</sheetData>{tail}</worksheet>".encode()))
        self._end()

    def finish(self) -> None:
        """Write what names the sheets, and the directory. The file stays open."""
        sheets, relations, types = "", "", ""
        for number, name in enumerate(self._names, start=1):
            sheets += f'<sheet name="{escape(name, {chr(34): "&quot;"})}" sheetId="{number}" r:id="rId{number}"/>'
            part = f"worksheets/sheet{number}.xml"
            relations += f'<Relationship Id="rId{number}" Type="{_OFFICE}/relationships/worksheet" Target="{part}"/>'
            types += f'<Override PartName="/xl/{part}" ContentType="{_TYPE}worksheet+xml"/>'
        last = f"rId{len(self._names) + 1}"
        styles = f'<Relationship Id="{last}" Type="{_OFFICE}/relationships/styles" Target="styles.xml"/>'
        book = f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}/relationships"><sheets>{sheets}</sheets></workbook>'
        self._part("xl/workbook.xml", book)
        self._part(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}{styles}</Relationships>',
        )
        self._part("[Content_Types].xml", f'<Types xmlns="{_PACKAGE}/content-types">{_DEFAULTS}{types}</Types>')
        self._directory()

    def _directory(self) -> None:
        start = self._file.tell()
        for name, offset, crc, packed, size in self._entries:
            fields = (20, 20, 0, 8, 0, _DOS_DATE, crc, packed, size, len(name), 0, 0, 0, 0, 0, offset)
            self._file.write(_CENTRAL.pack(b"PK\x01\x02", *fields) + name.encode())
        count, size = len(self._entries), self._file.tell() - start
        self._file.write(_END.pack(b"PK\x05\x06", 0, 0, count, count, size, start, 0))


_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_DEFAULTS = (
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}styles+xml"/>'
    '<Override PartName="/docProps/core.xml"'
    ' ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
)
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="1"><font><sz val="11"/><name val="宋体"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
