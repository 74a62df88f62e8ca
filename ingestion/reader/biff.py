"""The records of an old workbook (BIFF5, BIFF8): what must hold before an engine reads it, its broken cells, and its
figures that are shown as something else.

The engine sets room aside for as many texts and cells as the file says it has; a figure that lies would end the
process, not the file (F-01, F-02, F-16).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import olefile

from ingestion.reader.grid import address
from ingestion.reader.guards import Limits, check_area, fits, too_large, too_many_cells
from ingestion.reader.refusals import damaged, locked, not_a_table, with_macros
from ingestion.reader.shown import Shown, as_shown, shown_by_number

_FILEPASS, _BOUNDSHEET, _DATEMODE, _EOF = 0x2F, 0x85, 0x22, 0x0A
_DIMENSIONS, _SST, _CONTINUE, _BOOLERR, _LABELSST = 0x0200, 0xFC, 0x3C, 0x0205, 0xFD
_FORMULA = 0x06
_BOFS = frozenset({0x0009, 0x0209, 0x0409, 0x0809})
_NUMBER, _RK, _MULRK = 0x0203, 0x027E, 0xBD
_XF, _FORMAT = 0xE0, 0x041E
_DEFINITIONS = frozenset({_BOUNDSHEET, _DATEMODE, _XF, _FORMAT})
_BIFF8 = b"\x00\x06"
_CELLS = frozenset({_FORMULA, 0x0206, 0x0406, _NUMBER, _RK, _LABELSST, 0x0204, _BOOLERR, 0x0201, 0xD6})
_RUNS_OF_CELLS = frozenset({_MULRK, 0xBE})
_FIGURES = frozenset({_NUMBER, _RK, _MULRK, _FORMULA})
_WORKSHEET, _MACRO_SHEET = 0, 1
_MACRO_STORAGES = frozenset({"_vba_project_cur", "_vba_project", "macros", "vba"})
_ROWS, _COLUMNS = 65_536, 256
_SECTOR = 512


@dataclass(slots=True)
class Sheet:
    """What one worksheet's records say."""

    name: str
    broken: dict[tuple[int, int], str] = field(default_factory=dict)
    """(row, column), 0-based, of error values and formulas without result -> address."""
    shown: dict[tuple[int, int], str] = field(default_factory=dict)
    """(row, column), 0-based, of figures that are shown as 2019.10 or 95% -> that text."""
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
    """The worksheets, in the order of their tabs."""
    is_1904: bool


@dataclass(slots=True)
class _Globals:
    """What stands before the first sheet: which sheets there are, and how the cell styles show figures."""

    announced: dict[int, Sheet] = field(default_factory=dict)
    """Place in the stream -> sheet."""
    tabs: list[Sheet] = field(default_factory=list)
    is_1904: bool = False
    own: dict[int, str] = field(default_factory=dict)
    styles: list[int] = field(default_factory=list)
    is_wide: bool = True
    """BIFF8: texts are Unicode."""
    _telling: dict[int, Shown] | None = None

    def take(self, record: int, body: bytes) -> None:
        """A record that defines something; one that is cut short defines nothing."""
        if record == _BOUNDSHEET and len(body) > 8:
            sheet = Sheet(_text(body[6:], 1))
            self.announced[struct.unpack_from("<I", body)[0]] = sheet
            if body[5] == _WORKSHEET:
                self.tabs.append(sheet)
        elif record == _DATEMODE and len(body) >= 2:
            self.is_1904 = struct.unpack_from("<H", body)[0] == 1
        elif record == _XF and len(body) >= 4:
            self.styles.append(struct.unpack_from("<H", body, 2)[0])
        elif record == _FORMAT and len(body) >= 5:
            text = _text(body[2:], 2) if self.is_wide else body[3 : 3 + body[2]].decode("latin-1")
            self.own[struct.unpack_from("<H", body)[0]] = text

    @property
    def telling(self) -> dict[int, Shown]:
        """Number of a style -> how it shows figures."""
        if self._telling is None:
            shown = {number: shown_by_number(code, self.own) for number, code in enumerate(self.styles)}
            self._telling = {number: how for number, how in shown.items() if how is not None and how is not Shown.DAY}
        return self._telling


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
    told = _Globals()
    sheets: list[Sheet] = []
    current = Sheet("")
    texts: list[bytes] = []
    position = depth = 0
    before = 0
    while position + 4 <= len(stream):
        record, size = struct.unpack_from("<HH", stream, position)
        start = position + 4
        if record in _CELLS or record in _RUNS_OF_CELLS:
            body = stream[start : start + size]
            _cell(current, record, body)
            if told.telling and record in _FIGURES:
                _show(current, record, body, told.telling)
        elif record in _DEFINITIONS:
            told.take(record, stream[start : start + size])
        elif record == _DIMENSIONS:
            _check_dimensions(stream[start : start + size])
        elif record == _SST or (record == _CONTINUE and before == _SST):
            texts.append(stream[start : start + size])
            record = _SST
        elif record in _BOFS:
            depth += 1
            if position in told.announced:
                current = told.announced.pop(position)
                sheets.append(current)
            elif not sheets:
                told.is_wide = stream[start : start + 2] >= _BIFF8
        elif record == _EOF:
            depth -= 1
        before = record
        position = start + size
    if told.announced or depth > 0:
        raise damaged()
    _check_sizes(sheets, texts, len(stream), limits)
    return Workbook(told.tabs, told.is_1904)


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


def _show(sheet: Sheet, record: int, body: bytes, styles: Mapping[int, Shown]) -> None:
    """Note the figures of a record that are shown as another text."""
    try:
        row, column = struct.unpack_from("<HH", body)
        if record == _MULRK:
            figures = [
                (column + n, *struct.unpack_from("<HI", body, 4 + 6 * n)) for n in range(max((len(body) - 6) // 6, 0))
            ]
            cells = [(place, style, _packed(packed)) for place, style, packed in figures if style in styles]
        else:
            style = struct.unpack_from("<H", body, 4)[0]
            if style not in styles or (record == _FORMULA and body[12:14] == b"\xff\xff"):
                return
            figure = (
                _packed(struct.unpack_from("<I", body, 6)[0]) if record == _RK else struct.unpack_from("<d", body, 6)[0]
            )
            cells = [(column, style, figure)]
    except struct.error:
        return  # cut short: the engine refuses it
    for place, style, figure in cells:
        text = as_shown(figure, styles[style])
        if text is not None:
            sheet.shown[row, place] = text


def _packed(number: int) -> float:
    """An RK figure: 30 bits of a whole number or of a double, perhaps hundredfold."""
    if number & 2:
        figure = float((number >> 2) - (1 << 30) if number & 0x8000_0000 else number >> 2)
    else:
        figure = struct.unpack("<d", struct.pack("<Q", (number & 0xFFFF_FFFC) << 32))[0]
    return figure / 100 if number & 1 else figure


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


def _text(body: bytes, width: int) -> str:
    """A text of BIFF8: its length in one or two bytes, a flag byte, then one or two bytes per character."""
    length, flags, start = int.from_bytes(body[:width], "little"), body[width], width + 1
    if flags & 1:
        return body[start : start + 2 * length].decode("utf-16-le", errors="replace")
    return body[start : start + length].decode("latin-1")
