"""Limits that are known to hold before an engine unpacks or spreads out what a file claims to be (F-01, F-02).

The engines build a full rectangle from the first to the last cell and one text per cell: two cells at opposite ends of
a sheet, or one long text that a million cells point to, are a few kilobytes on disk and gigabytes in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

import numpy as np
import numpy.typing as npt

from ingestion.normalise.problems import file_problem
from ingestion.table import FileProblem

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""The size of a sheet in the program the senders use."""
LONGEST_CELL = 100_000
"""Characters of a cell in a text file; three times what that program keeps."""


@dataclass(frozen=True, slots=True)
class Limits:
    """F-02. Sizes of the file, of what it unpacks to, and of the tables in it."""

    max_file_mb: int = 200
    max_zip_ratio: int = 100
    """How many times larger than the file its parts may be together."""
    max_unpacked_mb: int = 2_000
    max_parts: int = 2_000
    """Parts of a packed workbook; one made by hand has a few dozen."""
    max_cells: int = 30_000_000
    """Cells of all sheets from the first to the last that is filled, empty ones between them counted."""
    max_shared_mb: int = 1_000
    """Text of all cells when each has its own copy."""
    max_text_bytes: int = 1_000_000
    """One text of a workbook with its mark-up; the program the senders use keeps 32,767 characters."""


def too_large(limits: Limits) -> FileProblem:
    """F-02 for the file as a whole."""
    return file_problem("F-02", message="文件过大或压缩异常（上限{size}MB）", size=limits.max_file_mb)


def too_many_cells(limits: Limits) -> FileProblem:
    """F-02 for a table that is too tall or too wide."""
    return file_problem("F-02", message="表格过大（上限{count}万格）", count=limits.max_cells // 10_000)


def stray_cell(row: int, column: int) -> FileProblem:
    """F-02 for a lone cell far from the data. `row` and `column` are 1-based."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return file_problem(
        "F-02",
        message="表格范围异常：数据之外很远处（{cell}附近）还有单元格",
        fix="请删去数据以外的行和列（选中后点“删除”，不是清除内容），再保存重报",
        cell=f"{letters}{row}",
    )


def refuse_name(name: str) -> None:
    """Parts of a packed file with paths that lead out of it. Nothing is ever unpacked to disk; an honest program does
    not write such names. Raises FileProblem F-01."""
    plain = name.replace("\\", "/")
    if plain.startswith("/") or ":" in plain or ".." in plain.split("/") or not name.isprintable():
        raise file_problem(
            "F-01", message="压缩包内有不合规的路径，系统不接收", fix="请用表格软件打开，另存为xlsx后重报"
        )


def refuse_document_type(xml: bytes) -> None:
    """Definitions of entities, which can make a text of gigabytes or read other files. Raises FileProblem F-01."""
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml or b"<\0!\0D\0O\0C" in xml or b"\0<\0!\0D\0O" in xml:
        raise file_problem("F-01", message="文件含实体定义（DOCTYPE），系统不接收", fix="请另存为xlsx后重报")


_REFERENCE = re.compile(rb'r="([A-Z]{0,3})([0-9]{1,7})"')
_ODD = re.compile(rb"r(?:\s+=|=\s|=')")
_ODD_CELL = (b"<c\n", b"<c\t", b"<c\r", b"<!")
_PREFIXED_CELL = (b":c ", b":c>", b":c/")


@dataclass(slots=True)
class Extent:
    """How far the cells of a worksheet reach, read from its XML piece by piece."""

    rows: int = 0
    columns: int = 0
    cells: int = 0
    """Cells written in the file."""
    is_odd: bool = False
    """Written in a way that only a real parser tells apart."""
    _rest: bytes = field(default=b"")

    def feed(self, piece: bytes) -> None:
        """Look at the next piece."""
        text = self._rest + piece
        cut = text.rfind(b">") + 1
        self._rest = text[cut:][-4096:]
        self._look(text[:cut])

    def _look(self, text: bytes) -> None:
        if self.is_odd:
            return
        cells = text.count(b"<c ") + text.count(b"<c>") + text.count(b"<c/")
        raw = np.frombuffer(text + b"\0" * 16, dtype=np.uint8)
        equals = np.flatnonzero(raw[1:-1] == ord("=")) + 1
        if _has_odd_cells(text) or (_may_be_odd(raw, equals) and _ODD.search(text)):
            self.is_odd = True
            return
        columns, rows, addressed = _references(raw, equals)
        self.rows, self.columns = max(self.rows, rows), max(self.columns, columns)
        self.cells += cells
        self.is_odd = cells != addressed


def _has_odd_cells(text: bytes) -> bool:
    if any(mark in text for mark in _ODD_CELL):
        return True
    return b":c" in text and any(mark in text for mark in _PREFIXED_CELL)


def _may_be_odd(raw: npt.NDArray[np.uint8], equals: npt.NDArray[np.int64]) -> bool:
    """Whether an attribute may be written as only `_ODD` tells: a pattern over the whole text is slow."""
    before, after = raw[equals - 1], raw[equals + 1]
    return bool((before <= ord(" ")).any() or (after[before == ord("r")] != ord('"')).any())


def _references(raw: npt.NDArray[np.uint8], equals: npt.NDArray[np.int64]) -> tuple[int, int, int]:
    """Largest column and row of ``r="C7"`` and ``r="7"``, and how many of them name a column.

    ``equals``: where the equals signs stand.
    """
    marks = equals[(raw[equals - 1] == ord("r")) & (raw[equals + 1] == ord('"'))] - 2
    marks = marks[marks >= 0]
    places = marks[raw[marks] <= ord(" ")] + 4
    columns: npt.NDArray[np.int64] = np.zeros(len(places), dtype=np.int64)
    rows: npt.NDArray[np.int64] = np.zeros(len(places), dtype=np.int64)
    for _ in range(3):
        here = raw[np.minimum(places, len(raw) - 1)].astype(np.int64)
        is_letter = (here >= ord("A")) & (here <= ord("Z"))
        columns = np.where(is_letter, columns * 26 + here - 64, columns)
        places = places + is_letter
    for _ in range(8):
        here = raw[np.minimum(places, len(raw) - 1)].astype(np.int64)
        is_digit = (here >= ord("0")) & (here <= ord("9"))
        rows = np.where(is_digit, rows * 10 + here - 48, rows)
        places = places + is_digit
    if not len(places):
        return 0, 0, 0
    return int(columns.max()), int(rows.max()), int((columns > 0).sum())


class _HasTypeError(Exception):
    """A document type: no sheet has one, and its entities are not looked at."""


def parsed_extent(pieces: Iterator[bytes]) -> Extent:
    """The same by a parser, for XML that is right but unusual. Broken XML gives what was seen up to there: the engine
    will refuse it."""
    extent = Extent()
    place = [0, 0]

    def start(tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name not in ("row", "c"):
            return
        match = _REFERENCE.fullmatch(f'r="{attributes.get("r", "")}"'.encode())
        if name == "row":
            place[:] = [int(match[2]) if match else place[0] + 1, 0]
        else:
            column = 0
            for letter in match[1] if match else b"":
                column = column * 26 + letter - 64
            place[:] = [int(match[2]) if match else place[0], column or place[1] + 1]
            extent.cells += 1
        extent.rows, extent.columns = max(extent.rows, place[0]), max(extent.columns, place[1])

    def stop(*_: object) -> None:
        raise _HasTypeError

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = stop
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, _HasTypeError):
        return extent
    return extent


def check_text(cells: int, rows: int, limits: Limits) -> None:
    """Sizes of a table in a text file, counted by its separators before it is cut. Raises FileProblem F-02."""
    if cells > limits.max_cells or rows > 2 * MOST_ROWS:
        raise too_many_cells(limits)


_SPARSE_FROM = 4_000_000
_SPARSE = 100


def check_area(rows: int, columns: int, cells: int, limits: Limits) -> int:
    """Cells of the rectangle. Raises FileProblem F-02 if it is too large, or nearly empty though large."""
    area = rows * columns
    if rows > MOST_ROWS or columns > MOST_COLUMNS:
        raise stray_cell(rows, columns)
    if area > _SPARSE_FROM and area > cells * _SPARSE:
        raise stray_cell(rows, columns)
    if area > limits.max_cells:
        raise too_many_cells(limits)
    return area


def fits(size: int, limits: Limits) -> bool:
    """True if texts of `size` bytes may be held at once."""
    return size <= limits.max_shared_mb * 1024 * 1024


def long_cell() -> FileProblem:
    """F-02 for a cell with a book in it."""
    return file_problem("F-02", message="有单元格的文字过长，超过表格软件的上限", fix="请删去过长的说明文字后重报")


_END_OF_TEXT = re.compile(rb"</(?:\w+:)?si>")
_SHARED = re.compile(rb't="s"[^<>]*>\s*<(?:\w+:)?v>\s*([0-9]{1,9})\s*<')
_IS_SHARED = re.compile(rb"\bt\s*=\s*[\"']s[\"']")


def text_lengths(xml: bytes) -> npt.NDArray[np.int64]:
    """Bytes of each entry of the shared texts, mark-up included."""
    if b":si>" not in xml:
        return np.fromiter(map(len, xml.split(b"</si>")[:-1]), dtype=np.int64) + len(b"</si>")
    ends = np.fromiter((match.end() for match in _END_OF_TEXT.finditer(xml)), dtype=np.int64)
    return np.diff(ends, prepend=0)


def shared_size(sheet: bytes, lengths: npt.NDArray[np.int64]) -> int:
    """Bytes of the shared texts of one sheet when each cell has its own. Raises FileProblem F-02 if nobody can say."""
    used = np.fromiter((int(match[1]) for match in _SHARED.finditer(sheet)), dtype=np.int64)
    if len(used) != sum(1 for _ in _IS_SHARED.finditer(sheet)) or (len(used) and used.max() >= len(lengths)):
        raise long_cell()
    return int(lengths[used].sum())
