"""A file as its office lays it out, written as a stream: titles, merged headers, group rows, totals and footers.

Two calls for every block, in the order of the county: `place` says where its rows will stand, before they are put in
the format; `add` takes them then. Nothing but the rows of the township at hand is held.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO, Protocol

import xlwt

from ingestion.sample.cells import Cell
from ingestion.sample.desk import Desk
from ingestion.sample.formats import BOOKS, formats
from ingestion.sample.sheets import TEXTS, Content, Stretch, codec, content_of
from ingestion.sample.xlsx import Deflated, Workbook

SHEET_NAMES = {"xlsx": "Sheet1", "xls": "Sheet1", "csv": "", "tsv": "", "html": "表1"}
"""What the one sheet is called, by format: text has no sheet, tables of a web page are counted."""

Merge = tuple[int, int, int, int]
"""First row, first column, last row, last column, from 1."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a stretch of rows will stand."""

    sheet: str
    first_row: int
    """1-based, as the sender's program shows it."""
    first_serial: int


class _Pages(Protocol):
    """A format, as a stream of sheets."""

    def open_sheet(self, name: str) -> None: ...
    def write(self, content: Content) -> None: ...
    def close_sheet(self, merges: Sequence[Merge]) -> None: ...
    def finish(self) -> None: ...


class _Xlsx:
    def __init__(self, file: BinaryIO) -> None:
        self._book = Workbook(file)
        self.open_sheet, self.close_sheet, self.finish = (
            self._book.open_sheet,
            self._book.close_sheet,
            self._book.finish,
        )

    def write(self, content: Content) -> None:
        if not isinstance(content, Deflated):
            raise TypeError(f"a workbook takes compressed stretches, not [{type(content).__name__}]")
        self._book.write(content)


class _Xls:
    """A BIFF8 workbook, as programs of 2003 write it; held in memory, as its format has few rows."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._book = xlwt.Workbook(encoding="utf-8")
        self._day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
        self._name = ""
        self._rows: list[list[Cell]] = []

    def open_sheet(self, name: str) -> None:
        self._name, self._rows = name, []

    def write(self, content: Content) -> None:
        if not isinstance(content, list):
            raise TypeError(f"an old workbook takes cells, not [{type(content).__name__}]")
        self._rows += content

    def close_sheet(self, merges: Sequence[Merge]) -> None:
        page = self._book.add_sheet(self._name, cell_overwrite_ok=True)
        merged = {(top, left): (bottom, right) for top, left, bottom, right in merges}
        for number, row in enumerate(self._rows, start=1):
            for place, value in enumerate(row, start=1):
                if value is None:
                    continue
                style = self._day if isinstance(value, date) else xlwt.Style.default_style
                if (number, place) in merged:
                    bottom, right = merged[number, place]
                    page.write_merge(number - 1, bottom - 1, place - 1, right - 1, value, style)
                else:
                    page.write(number - 1, place - 1, value, style)
        self._rows = []

    def finish(self) -> None:
        self._book.save(self._file)


class _Text:
    """Lines under one another; says gb2312 and means GB18030 where it is a web page."""

    def __init__(self, file: BinaryIO, desk: Desk) -> None:
        self._file, self._habit = file, desk.habit
        self._is_page = desk.habit.format == "html"
        self._file.write("".encode(desk.habit.encoding))  # the mark of utf-8-sig

    def _lines(self, *lines: str) -> None:
        self._file.write("".join(f"{line}{self._habit.newline}" for line in lines).encode(codec(self._habit)))

    def open_sheet(self, name: str) -> None:  # noqa: ARG002 - the shape of all formats; text has no sheets
        if self._is_page:
            head = '<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb2312"></head><body>'
            self._lines(head, "<table>")

    def write(self, content: Content) -> None:
        if not isinstance(content, bytes):
            raise TypeError(f"a text file takes bytes, not [{type(content).__name__}]")
        self._file.write(content)

    def close_sheet(self, merges: Sequence[Merge]) -> None:  # noqa: ARG002 - the shape of all formats
        if self._is_page:
            self._lines("</table>", "</body></html>")

    def finish(self) -> None:
        """Text needs no end."""


class OfficeFile:
    """One file being written to `path`."""

    def __init__(self, desk: Desk, path: Path, leave_out: Iterable[str] = ()) -> None:
        self.desk, self.path = desk, path
        self.columns = [column for column in desk.columns if column.name not in set(leave_out)]
        self.rows = 0
        self._file = path.open("w+b")
        self._pages = self._make_pages()
        self._limit = formats()[desk.habit.format].rows
        habit = desk.habit
        self._head = len(habit.titles) + (2 if habit.groups else 1)
        # Where the next stretch will stand.
        self._placed: tuple[str, str] | None = None
        self._row = self._serial = 0
        self._seen: set[str] = set()
        # What has been written.
        self._sheet: str | None = None
        self._written = self._on_sheet = 0
        self._merges: list[Merge] = []
        self._totals: list[int | float] = []
        self._waiting: list[Stretch] = []

    def _make_pages(self) -> _Pages:
        match self.desk.habit.format:
            case "xlsx":
                return _Xlsx(self._file)
            case "xls":
                return _Xls(self._file)
            case _:
                return _Text(self._file, self.desk)

    # ------------------------------------------------------------ where rows will stand
    def _sheet_of(self, township: str) -> str:
        return township if self.desk.habit.has_township_sheets else SHEET_NAMES[self.desk.habit.format]

    def place(self, stretches: Sequence[tuple[str, int]]) -> list[Spot]:
        """Where a block's stretches (township, rows) will stand. Raises ValueError when a sheet is full."""
        spots = []
        for township, count in stretches:
            sheet = self._sheet_of(township)
            if self._placed is None or self._placed[0] != sheet:
                self._row, self._serial = self._head + 1, 1
            if self._placed != (sheet, township):
                if township in self._seen:
                    raise ValueError(f"rows of township [{township}] do not stand together in [{self.path.name}]")
                self._seen.add(township)
                self._row += self.desk.habit.has_township_rows
            self._placed = (sheet, township)
            spots.append(Spot(sheet, self._row, self._serial))
            self._row += count
            self._serial += count
            if self._limit is not None and self._row + 2 > self._limit:
                raise ValueError(f"[{self.path.name}] has more rows than a sheet holds, [{self._limit}]")
        return spots

    # ------------------------------------------------------------ writing
    def _line(self, cells: Sequence[Cell]) -> None:
        """A row of the office's own; a single cell is a title, footer or group row over the whole width."""
        habit = self.desk.habit
        if habit.format == "html" and len(cells) == 1:
            text = TEXTS["html"]([cells], habit).replace("<td>", f'<td colspan="{len(self.columns)}">')
            self._pages.write(text.encode(codec(habit)))
        else:
            plain = habit.model_copy(update={"wraps_cells": habit.wraps_cells and len(cells) > 1})
            self._pages.write(content_of([cells], plain, self._written + 1))
        self._written += 1

    def _wide(self, text: str) -> None:
        self._line([text])
        if self.desk.habit.format in BOOKS:
            self._merges.append((self._written, 1, self._written, len(self.columns)))

    def _header(self) -> None:
        habit = self.desk.habit
        leaves: list[Cell] = [habit.title(column) for column in self.columns]
        if not habit.groups:
            self._line(leaves)
            return
        parents: list[Cell] = list(leaves)
        top = self._written + 1
        names = [column.name for column in self.columns]
        grouped: set[int] = set()
        for group in habit.groups:
            # A parent header over a column that was left out covers the others.
            places = [names.index(name) for name in group.columns if name in names]
            if not places:
                continue
            if places != list(range(places[0], places[0] + len(places))):
                raise ValueError(f"columns of the header [{group.title}] do not stand side by side: {group.columns}")
            for place in places:
                parents[place] = group.title if place == places[0] else None
            grouped.update(places)
            self._merges.append((top, places[0] + 1, top, places[-1] + 1))
        alone = [place for place in range(len(leaves)) if place not in grouped]
        self._merges.extend((top, place + 1, top + 1, place + 1) for place in alone)
        self._line(parents)
        self._line([text if place in grouped else None for place, text in enumerate(leaves)])

    def _open(self, sheet: str) -> None:
        self._pages.open_sheet(sheet)
        self._sheet, self._written, self._on_sheet, self._merges = sheet, 0, 0, []
        self._totals = [0] * len(self.desk.habit.totals)
        for template in self.desk.habit.titles:
            self._wide(self.desk.fill(template))
        self._header()

    def _close(self) -> None:
        habit = self.desk.habit
        if habit.totals and self._on_sheet:
            line: list[Cell] = [None] * len(self.columns)
            line[0] = "合计"
            for place, column in enumerate(self.columns):
                if column.name in habit.totals:
                    line[place] = round(self._totals[habit.totals.index(column.name)], 2)
            self._line(line)
        for template in habit.footers if self._on_sheet else ():
            self._line([self.desk.fill(template)])
        self._pages.close_sheet(self._merges)
        self._sheet = None

    def add(self, stretches: Iterable[Stretch]) -> None:
        """Write a block's stretches, in the order in which they were placed."""
        for stretch in stretches:
            if self._waiting and self._waiting[0].township != stretch.township:
                self._flush()
            self._waiting.append(stretch)
            if not self.desk.habit.has_township_rows:  # nothing counts the township's rows before they come
                self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        township = self._waiting[0].township
        sheet = self._sheet_of(township)
        if self._sheet != sheet:
            if self._sheet is not None:
                self._close()
            self._open(sheet)
        if self.desk.habit.has_township_rows:
            self._wide(f"{township}（{sum(stretch.rows for stretch in self._waiting)}户）")
        for stretch in self._waiting:
            self._pages.write(stretch.content)
            self._written += stretch.rows
            self._on_sheet += stretch.rows
            self.rows += stretch.rows
            self._totals = [so_far + more for so_far, more in zip(self._totals, stretch.totals, strict=True)]
        self._waiting = []

    def finish(self) -> tuple[str, int]:
        """Complete the file; its sha256 and its size in bytes."""
        self._flush()
        if self._sheet is None and not self._seen:
            self._open(SHEET_NAMES[self.desk.habit.format])
        if self._sheet is not None:
            self._close()
        for name in self.desk.habit.empty_sheets:
            self._pages.open_sheet(name)
            self._pages.close_sheet([])
        self._pages.finish()
        size = self._file.seek(0, 2)
        self._file.seek(0)
        sha256 = hashlib.file_digest(self._file, "sha256").hexdigest()
        self._file.close()
        return sha256, size

    def abandon(self) -> None:
        """Close the file without completing it."""
        self._file.close()
