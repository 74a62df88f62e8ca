"""Sheets as bytes. Equal sheets give equal bytes on every run: no clock, no random salt, no temporary names."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from random import Random

import msoffcrypto.method.ecma376_agile as agile
import xlwt
from msoffcrypto.format.ooxml import OOXMLFile
from openpyxl import Workbook

from ingestion.sample.cells import Cell
from ingestion.sample.habits import Habit
from ingestion.sample.layouts import Sheet
from ingestion.still import still


def to_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """An Excel workbook."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for sheet in sheets:
        page = workbook.create_sheet(sheet.name)
        for row in sheet.rows:
            page.append(row)
        for first_row, first_column, last_row, last_column in sheet.merges:
            page.merge_cells(start_row=first_row, start_column=first_column, end_row=last_row, end_column=last_column)
    target = io.BytesIO()
    workbook.save(target)
    return still(target.getvalue())


def to_xls(sheets: Sequence[Sheet]) -> bytes:
    """A BIFF8 workbook, as programs of 2003 write it."""
    workbook = xlwt.Workbook(encoding="utf-8")
    day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for sheet in sheets:
        page = workbook.add_sheet(sheet.name, cell_overwrite_ok=True)
        merged = {(first, left): (last, right) for first, left, last, right in sheet.merges}
        for number, row in enumerate(sheet.rows, start=1):
            for place, value in enumerate(row, start=1):
                if value is None:
                    continue
                style = day if isinstance(value, date) else xlwt.Style.default_style
                if (number, place) in merged:
                    last, right = merged[number, place]
                    page.write_merge(number - 1, last - 1, place - 1, right - 1, value, style)
                else:
                    page.write(number - 1, place - 1, value, style)
    target = io.BytesIO()
    workbook.save(target)
    return target.getvalue()


def _text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case float():
            return f"{cell:.2f}"
        case date():
            return cell.isoformat()
        case _:
            return str(cell)


def to_csv(sheets: Sequence[Sheet], habit: Habit) -> bytes:
    """Comma-separated text. Lines with one cell (titles, footers) carry no empty cells, so counts of cells differ."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator=habit.newline)
    for row in sheets[0].rows:
        texts = [_text(cell) for cell in row]
        is_wrapped = habit.wraps_cells and len(row) > 1
        writer.writerow([f'="{text}"' if text else text for text in texts] if is_wrapped else texts)
    return target.getvalue().encode(habit.encoding)


def to_tsv(sheets: Sequence[Sheet], habit: Habit) -> bytes:
    """Tab-separated text such as banks send under the name .xls; no cell holds a tab."""
    lines = ["\t".join(_text(cell) for cell in row) for row in sheets[0].rows]
    return habit.newline.join([*lines, ""]).encode(habit.encoding)


def to_html(sheets: Sequence[Sheet], habit: Habit) -> bytes:
    """An HTML table such as web systems send under the name .xls; says gb2312 and means GB18030."""
    lines = ['<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb2312"></head><body>', "<table>"]
    width = max(len(row) for row in sheets[0].rows)
    for row in sheets[0].rows:
        span = f' colspan="{width}"' if len(row) == 1 else ""
        cells = "".join(f"<td{span}>{html.escape(_text(cell))}</td>" for cell in row)
        lines.append(f"<tr>{cells}</tr>")
    lines += ["</table>", "</body></html>", ""]
    return habit.newline.join(lines).encode(habit.encoding)


def encode(sheets: Sequence[Sheet], habit: Habit) -> bytes:
    """The sheets in the office's format."""
    match habit.format:
        case "xlsx":
            return to_xlsx(sheets)
        case "xls":
            return to_xls(sheets)
        case "csv":
            return to_csv(sheets, habit)
        case "tsv":
            return to_tsv(sheets, habit)
        case "html":
            return to_html(sheets, habit)


@contextmanager
def _steady_salt(rng: Random) -> Iterator[None]:
    """Let the encryption draw its salts from `rng`: these files guard nothing and must come out the same each time."""
    drawn = agile._random_buffer
    agile._random_buffer = rng.randbytes
    try:
        yield
    finally:
        agile._random_buffer = drawn


def lock(workbook: bytes, rng: Random) -> bytes:
    """The workbook under a password, as Excel stores it (ECMA-376 agile encryption in an OLE container)."""
    target = io.BytesIO()
    with _steady_salt(rng):
        OOXMLFile(io.BytesIO(workbook)).encrypt("sample", target)
    return _without_filetimes(target.getvalue())


def _without_filetimes(container: bytes) -> bytes:
    """Clear creation and change times in the directory entries of an OLE container (bytes 100 to 115 of 128 each)."""
    content = bytearray(container)
    directory = int.from_bytes(content[48:52], "little")
    start = 512 + 512 * directory
    for entry in range(start, len(content) - 127, 128):
        is_entry = content[entry + 66] in {1, 2, 5} and content[entry + 64] in range(2, 65)
        if not is_entry:
            break
        content[entry + 100 : entry + 116] = bytes(16)
    return bytes(content)


def not_a_workbook(rng: Random) -> bytes:
    """Bytes of no format at all under the name of a workbook; no first bytes that any format begins with."""
    return b"\x07\x08\x0e" + rng.randbytes(6000)


def damage(text: bytes) -> bytes:
    """Text with one byte lost to transmission in its middle: 0xFF begins no character in UTF-8 nor in GB18030."""
    middle = len(text) // 2
    return text[:middle] + b"\xff" + text[middle + 1 :]
