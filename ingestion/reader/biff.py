"""The records of an old workbook (BIFF5, BIFF8): what must hold before an engine reads it, and its broken cells.

The engine sets room aside for as many texts and cells as the file says it has; a figure that lies would end the
process, not the file (F-01, F-02, F-16).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import olefile

from ingestion.reader.grid import address
from ingestion.reader.guards import Limits, check_area, fits, too_large, too_many_cells
from ingestion.reader.refusals import damaged, locked, not_a_table, with_macros

_FILEPASS, _BOUNDSHEET, _DATEMODE, _EOF = 0x2F, 0x85, 0x22, 0x0A
_DIMENSIONS, _SST, _CONTINUE, _BOOLERR, _LABELSST = 0x0200, 0xFC, 0x3C, 0x0205, 0xFD
_FORMULA = 0x06
_BOFS = frozenset({0x0009, 0x0209, 0x0409, 0x0809})
_CELLS = frozenset({_FORMULA, 0x0206, 0x0406, 0x0203, 0x027E, _LABELSST, 0x0204, _BOOLERR, 0x0201, 0xD6})
_RUNS_OF_CELLS = frozenset({0xBD, 0xBE})
_MACRO_SHEET = 1
_MACRO_STORAGES = frozenset({"_vba_project_cur", "_vba_project", "macros", "vba"})
_ROWS, _COLUMNS = 65_536, 256
_SECTOR = 512
Faults = dict[str, dict[tuple[int, int], str]]


@dataclass(slots=True)
class Sheet:
    """What one worksheet's records say."""

    name: str
    broken: dict[tuple[int, int], str] = field(default_factory=dict)
    """(row, column), 0-based, of error values and formulas without result -> address."""
    rows: int = 0
    columns: int = 0
    cells: int = 0
    texts: int = 0
    """Cells that point to a shared text."""

    def reach(self, row: int, column: int, cells: int = 1) -> None:
        """A cell stands there."""
        self.rows, self.columns = max(self.rows, row + 1), max(self.columns, column + 1)
        self.cells += cells


@dataclass(slots=True)
class Workbook:
    """The records of a workbook."""

    sheets: list[Sheet]
    is_1904: bool

    @property
    def faults(self) -> Faults:
        return {sheet.name: sheet.broken for sheet in self.sheets}


def workbook_stream(data: bytes) -> bytes:
    """The stream of records. Raises FileProblem F-01 for what is locked, has macros, is damaged or no workbook."""
    _refuse_lying_header(data)
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as container:
            names = {part.lower() for entry in container.listdir(streams=True, storages=True) for part in entry}
            if "encryptedpackage" in names:
                raise locked()
            if names & _MACRO_STORAGES:
                raise with_macros()
            name = next((name for name in ("Workbook", "Book") if container.exists(name)), None)
            if name is None:
                raise not_a_table()
            stream: bytes = container.openstream(name).read()
            if len(stream) < container.get_size(name):
                raise damaged()
    except (OSError, struct.error, IndexError, ValueError, OverflowError, TypeError, RecursionError):
        raise damaged() from None
    return stream


def _refuse_lying_header(data: bytes) -> None:
    """Counts of sectors that the file has no room for."""
    if len(data) < _SECTOR:
        raise damaged()
    shift = struct.unpack_from("<H", data, 30)[0]
    counts = [struct.unpack_from("<I", data, place)[0] for place in (44, 64, 72)]
    if shift not in (9, 12) or max(counts) > len(data) // _SECTOR + 1:
        raise damaged()


def refuse_locked_or_macros(stream: bytes) -> None:
    """Walk the records before the first sheet: a password record, or a sheet of Excel 4 macros."""
    for record, body in _records(stream):
        if record == _FILEPASS:
            raise locked()
        if record == _BOUNDSHEET and len(body) >= 6 and body[5] == _MACRO_SHEET:
            raise with_macros()
        if record == _EOF:  # end of the workbook's own records
            return
    raise damaged()


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 4 <= len(stream):
        record, size = struct.unpack_from("<HH", stream, position)
        yield record, stream[position + 4 : position + 4 + size]
        position += 4 + size


def read_workbook(stream: bytes, limits: Limits) -> Workbook:
    """Walk all records once.

    Raises FileProblem F-02 for sizes beyond the limits, F-01 if a sheet that the workbook announces is not there to its
    end: the engine that reads the cells would give what it finds and say nothing.
    """
    announced: dict[int, str] = {}
    sheets: list[Sheet] = []
    current = Sheet("")
    texts: list[bytes] = []
    is_1904 = False
    position = depth = 0
    before = 0
    while position + 4 <= len(stream):
        record, size = struct.unpack_from("<HH", stream, position)
        start = position + 4
        if record in _CELLS or record in _RUNS_OF_CELLS:
            _cell(current, record, stream[start : start + size])
        elif record == _BOUNDSHEET and size > 8:
            announced[struct.unpack_from("<I", stream, start)[0]] = _sheet_name(stream[start + 6 : start + size])
        elif record == _DATEMODE and size >= 2 and start + 2 <= len(stream):
            is_1904 = struct.unpack_from("<H", stream, start)[0] == 1
        elif record == _DIMENSIONS:
            _check_dimensions(stream[start : start + size])
        elif record == _SST or (record == _CONTINUE and before == _SST):
            texts.append(stream[start : start + size])
            record = _SST
        elif record in _BOFS:
            depth += 1
            if position in announced:
                current = Sheet(announced.pop(position))
                sheets.append(current)
        elif record == _EOF:
            depth -= 1
        before = record
        position = start + size
    if announced or depth > 0:
        raise damaged()
    _check_sizes(sheets, texts, len(stream), limits)
    return Workbook(sheets, is_1904)


def _cell(sheet: Sheet, record: int, body: bytes) -> None:
    if len(body) < 6:
        return
    row, column = struct.unpack_from("<HH", body)
    if record in _RUNS_OF_CELLS:
        last = struct.unpack_from("<H", body, len(body) - 2)[0]
        sheet.reach(row, max(column, last), max(last - column + 1, 1))
        return
    sheet.reach(row, column)
    if record == _LABELSST:
        sheet.texts += 1
    elif record == _BOOLERR:
        if len(body) >= 8 and body[7] == 1:
            sheet.broken[(row, column)] = address(row, column)
    elif record == _FORMULA and len(body) >= 14 and body[6] == 2 and body[12:14] == b"\xff\xff":
        sheet.broken[(row, column)] = address(row, column)


def _check_dimensions(body: bytes) -> None:
    if len(body) >= 12:
        first, rows, left, columns = struct.unpack_from("<IIHH", body)
    elif len(body) >= 8:
        first, rows, left, columns = struct.unpack_from("<HHHH", body)
    else:
        raise damaged()
    if rows > _ROWS or columns > _COLUMNS or first > rows or left > columns:
        raise damaged()


def _check_sizes(sheets: list[Sheet], texts: list[bytes], size: int, limits: Limits) -> None:
    area = sum(check_area(sheet.rows, sheet.columns, sheet.cells, limits) for sheet in sheets)
    if area > limits.max_cells:
        raise too_many_cells(limits)
    if not texts:
        return
    if len(texts[0]) < 8 or struct.unpack_from("<I", texts[0], 4)[0] * 3 > size:
        raise damaged()
    cells = sum(sheet.texts for sheet in sheets)
    if not fits(2 * _LONGEST * cells, limits) and not fits(2 * _longest_text(texts) * cells, limits):
        raise too_large(limits)


_LONGEST = 255
"""Texts up to this length never fill the memory, whatever the number of cells an old sheet may have."""


def _longest_text(pieces: list[bytes]) -> int:
    """Characters of the longest shared text; pieces are the record and its continuations. Stops where it makes no sense
    any more: so will the engine."""
    longest = 0
    piece, place = 0, 8
    try:
        while piece < len(pieces):
            if place >= len(pieces[piece]):
                piece, place = piece + 1, 0
                continue
            body = pieces[piece]
            count, flags = struct.unpack_from("<HB", body, place)
            place += 3
            extra = 0
            if flags & 8:
                extra += 4 * struct.unpack_from("<H", body, place)[0]
                place += 2
            if flags & 4:
                extra += struct.unpack_from("<I", body, place)[0]
                place += 4
            longest = max(longest, count)
            piece, place = _skip_text(pieces, piece, place, count, flags & 1)
            while extra > 0 and piece < len(pieces):
                step = min(extra, len(pieces[piece]) - place)
                extra, place = extra - step, place + step
                if extra:
                    piece, place = piece + 1, 0
    except (struct.error, IndexError):
        return longest
    return longest


def _skip_text(pieces: list[bytes], piece: int, place: int, count: int, is_wide: int) -> tuple[int, int]:
    while count > 0:
        room = (len(pieces[piece]) - place) // (2 if is_wide else 1)
        step = min(count, room)
        count -= step
        place += step * (2 if is_wide else 1)
        if count:
            piece += 1
            is_wide = pieces[piece][0] & 1  # each continuation says anew how wide its characters are
            place = 1
    return piece, place


def _sheet_name(body: bytes) -> str:
    """BIFF8: length, a flag byte, then one or two bytes per character."""
    length, flags = body[0], body[1]
    if flags & 1:
        return body[2 : 2 + 2 * length].decode("utf-16-le", errors="replace")
    return body[2 : 2 + length].decode("latin-1")
