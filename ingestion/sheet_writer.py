"""Writing xlsx workbooks row by row, all in memory: no file of personal data is left behind by a crash.

Cells are strings, numbers or dates. A formula cannot be written at all: text is always of the type string, and text
that a program might take for a formula also carries the quote prefix, as if a person had typed an apostrophe before it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import IntEnum
from io import BytesIO
from typing import IO
from xml.sax.saxutils import escape, quoteattr

from ingestion.reader.grid import address
from ingestion.table import CellValue

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
LONGEST_TEXT = 32_767
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DAY_ZERO = date(1899, 12, 30)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_FLUSH = 500
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Time of the members: the same content gives the same bytes."""


class Look(IntEnum):
    """How a cell looks."""

    PLAIN = 0
    FAULTY = 1
    """The cell that was wrong."""
    HEAD = 2
    ADVICE = 3
    """What we wrote beside the sender's own cells."""
    LABEL = 4
    WORDS = 5
    """Sentences in a table: they wrap."""
    NOTE = 6
    """A line of its own, running on over the empty cells beside it."""
    TITLE = 7


_FILLS = (None, "FFFFD966", "FFD9E2F3", "FFF2F2F2", None, None, None, None)
_BOLD = (False, False, True, False, True, False, False, True)
_WRAPPED = frozenset({Look.HEAD, Look.ADVICE, Look.LABEL, Look.WORDS})
_UNLINED = frozenset({Look.NOTE, Look.TITLE})
_LINE_POINTS = 15
_MOST_LINES = 12
_FORMATS = (49, 0, 164, 165)
"""Text, general, day, day and time."""


def _styles() -> str:
    """Cell formats: for each look the four number formats, then text with quote prefix."""
    fills = "".join(
        f'<fill><patternFill patternType="solid"><fgColor rgb="{colour}"/><bgColor indexed="64"/></patternFill></fill>'
        for colour in _FILLS
        if colour
    )
    filled = [colour for colour in _FILLS if colour]
    formats: list[str] = []
    for look in Look:
        colour = _FILLS[look]
        fill = 2 + filled.index(colour) if colour else 0
        for number, quote in [*((number, "") for number in _FORMATS), (49, ' quotePrefix="1"')]:
            formats.append(
                f'<xf numFmtId="{number}" fontId="{int(_BOLD[look])}" fillId="{fill}"'
                f' borderId="{int(look not in _UNLINED)}" xfId="0"{quote}'
                ' applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1">'
                f'<alignment vertical="top" wrapText="{int(look in _WRAPPED)}"/></xf>'
            )
    font = '<sz val="11"/><name val="宋体"/><family val="2"/>'
    line = "".join(
        f'<{side} style="thin"><color rgb="FFBFBFBF"/></{side}>' for side in ("left", "right", "top", "bottom")
    )
    return (
        f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
        '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts>'
        f'<fonts count="2"><font>{font}</font><font><b/>{font}</font></fonts>'
        f'<fills count="{2 + len(filled)}"><fill><patternFill patternType="none"/></fill>'
        f'<fill><patternFill patternType="gray125"/></fill>{fills}</fills>'
        '<borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border>'
        f"<border>{line}<diagonal/></border></borders>"
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(formats)}">{"".join(formats)}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def clean_text(text: str) -> str:
    """Text as a cell can hold it: control characters dropped, cut at the longest length."""
    return _ILLEGAL.sub("", text)[:LONGEST_TEXT]


def text_width(text: str) -> int:
    """Characters as wide as they show: a Han character takes two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def wrapped_lines(value: CellValue, width: float) -> int:
    """How many lines a wrapped text takes in a column."""
    return sum(1 + int(text_width(part) // max(width - 1, 1)) for part in str(value).split("\n"))


def _serial(value: date | datetime) -> float | int:
    day = value.date() if isinstance(value, datetime) else value
    whole = (day - _DAY_ZERO).days
    if not isinstance(value, datetime) or value.time() == time.min:
        return whole
    clock = value.time()
    return whole + (clock.hour * 3600 + clock.minute * 60 + clock.second) / 86_400


@dataclass(slots=True)
class Sheet:
    """One worksheet being written. Rows go in from the top, each a sequence of (value, look)."""

    name: str
    stream: IO[bytes]
    widths: Sequence[float]
    letters: list[str] = field(default_factory=list)
    row: int = 0
    _lines: list[str] = field(default_factory=list)

    def append(self, cells: Sequence[tuple[CellValue, Look]]) -> None:
        """Write the next row. None and empty text are empty cells with their look."""
        self.row += 1
        while len(self.letters) < len(cells):
            self.letters.append(address(0, len(self.letters))[:-1])
        lines = max(
            (
                wrapped_lines(value, width)
                for (value, look), width in zip(cells, self.widths, strict=False)
                if look in _WRAPPED and value
            ),
            default=1,
        )
        height = f' ht="{min(lines, _MOST_LINES) * _LINE_POINTS}" customHeight="1"' if lines > 1 else ""
        parts = [f'<row r="{self.row}"{height}>']
        for letter, (value, look) in zip(self.letters, cells, strict=False):
            parts.append(_cell(f"{letter}{self.row}", value, look))
        parts.append("</row>")
        self._lines.append("".join(parts))
        if len(self._lines) >= _FLUSH:
            self.flush()

    def flush(self) -> None:
        self.stream.write("".join(self._lines).encode())
        self._lines.clear()


def _cell(place: str, value: CellValue, look: Look) -> str:
    base = look * 5
    if value is None or value == "":
        return f'<c r="{place}" s="{base}"/>'
    if isinstance(value, str):
        text = clean_text(value)
        style = base + 4 if text.startswith(FORMULA_STARTS) else base
        # A bare carriage return would be read as a line feed.
        shown = escape(text, {"\r": "&#13;"})
        return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{shown}</t></is></c>'
    if isinstance(value, bool):
        return f'<c r="{place}" s="{base + 1}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, date):
        has_time = isinstance(value, datetime) and value.time() != time.min
        return f'<c r="{place}" s="{base + (3 if has_time else 2)}"><v>{_serial(value)!r}</v></c>'
    return f'<c r="{place}" s="{base + 1}"><v>{value!r}</v></c>'


@dataclass(frozen=True, slots=True)
class Layout:
    """What surrounds the rows of a sheet. Widths are in characters; rows and columns count from 1."""

    widths: Sequence[float]
    frozen_columns: int = 0
    frozen_rows: int = 1
    hidden_columns: Sequence[int] = ()
    is_hidden: bool = False
    fits_page: bool = True
    """On paper: all columns on one page."""
    has_filter: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A drop-down on a column: the values stand in a range of another sheet. It offers, it does not forbid."""

    column: int
    source: str


class Book:
    """A workbook written sheet after sheet into memory; `close` gives its bytes."""

    def __init__(self) -> None:
        self._target = BytesIO()
        self._archive = zipfile.ZipFile(self._target, "w", zipfile.ZIP_DEFLATED, compresslevel=5)
        self._sheets: list[tuple[str, bool]] = []
        self._open: tuple[Sheet, Layout] | None = None

    def sheet(self, name: str, layout: Layout) -> Sheet:
        """Begin a sheet; the one before must be closed with `end`."""
        if self._open is not None:
            raise RuntimeError(f"sheet [{self._open[0].name}] is still open")
        self._sheets.append((name, layout.is_hidden))
        info = zipfile.ZipInfo(f"xl/worksheets/sheet{len(self._sheets)}.xml", _EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        sheet = Sheet(name, self._archive.open(info, "w", force_zip64=True), layout.widths)
        sheet.stream.write(_opening(layout, is_first=len(self._sheets) == 1).encode())
        self._open = (sheet, layout)
        return sheet

    def end(self, choices: Sequence[Choice] = ()) -> None:
        """Close the open sheet, with drop-downs from its second row down."""
        if self._open is None:
            raise RuntimeError("no sheet is open")
        sheet, layout = self._open
        sheet.flush()
        last = max(sheet.row, 2)
        closing = ["</sheetData>"]
        if layout.has_filter and sheet.letters and sheet.row:
            closing.append(f'<autoFilter ref="A1:{sheet.letters[-1]}{sheet.row}"/>')
        if choices:
            closing.append(f'<dataValidations count="{len(choices)}">')
            for choice in choices:
                letter = address(0, choice.column - 1)[:-1]
                closing.append(
                    '<dataValidation type="list" allowBlank="1" showErrorMessage="0"'
                    f' sqref="{letter}2:{letter}{last}"><formula1>{escape(choice.source)}</formula1></dataValidation>'
                )
            closing.append("</dataValidations>")
        closing.append(
            '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>'
            '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/></worksheet>'
        )
        sheet.stream.write("".join(closing).encode())
        sheet.stream.close()
        self._open = None

    def close(self) -> bytes:
        """The workbook's bytes; nothing may be written after."""
        if self._open is not None:
            raise RuntimeError(f"sheet [{self._open[0].name}] is still open")
        numbers = range(1, len(self._sheets) + 1)
        sheets = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{number}"{" state=" + quoteattr("hidden") if hidden else ""}'
            f' r:id="rId{number}"/>'
            for number, (name, hidden) in zip(numbers, self._sheets, strict=True)
        )
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
        overrides = "".join(
            f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{kind}.worksheet+xml"/>'
            for number in numbers
        )
        relations = "".join(
            f'<Relationship Id="rId{number}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{number}.xml"/>'
            for number in numbers
        )
        parts = {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{overrides}</Types>',
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
            f' Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}">'
            f"<bookViews><workbookView/></bookViews><sheets>{sheets}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}'
            f'<Relationship Id="rId{len(self._sheets) + 1}" Type="{_RELATIONS}/styles" Target="styles.xml"/>'
            "</Relationships>",
        }
        for name, text in parts.items():
            self._part(name, _HEAD + text)
        self._part("xl/styles.xml", _styles())
        self._archive.close()
        return self._target.getvalue()

    def _part(self, name: str, text: str) -> None:
        info = zipfile.ZipInfo(name, _EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        self._archive.writestr(info, text.encode())


def _opening(layout: Layout, *, is_first: bool) -> str:
    columns = "".join(
        f'<col min="{number}" max="{number}" width="{width}" customWidth="1"'
        f"{' hidden=' + quoteattr('1') if number in layout.hidden_columns else ''}/>"
        for number, width in enumerate(layout.widths, 1)
    )
    across, down = layout.frozen_columns, layout.frozen_rows
    pane = ""
    if across or down:
        place = f"{address(0, across)[:-1]}{down + 1}"
        active = "bottomRight" if across and down else "bottomLeft" if down else "topRight"
        splits = (f' xSplit="{across}"' if across else "") + (f' ySplit="{down}"' if down else "")
        pane = f'<pane{splits} topLeftCell="{place}" activePane="{active}" state="frozen"/>'
    selected = ' tabSelected="1"' if is_first else ""
    return (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetPr><pageSetUpPr fitToPage="{int(layout.fits_page)}"/></sheetPr>'
        f'<sheetViews><sheetView{selected} workbookViewId="0">{pane}</sheetView></sheetViews>'
        f'<sheetFormatPr defaultRowHeight="15"/><cols>{columns}</cols><sheetData>'
    )


def put(sheet: Sheet, values: Sequence[object], look: Look = Look.WORDS, first: Look | None = None) -> None:
    """A row of texts in one look, the first cell perhaps in another."""
    looks = [look if index or first is None else first for index in range(len(values))]
    sheet.append([(str(value), each) for value, each in zip(values, looks, strict=True)])
