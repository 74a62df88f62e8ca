"""One table in every shape an office sends it: layouts x kinds x encodings, always the same bytes."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import openpyxl
import xlwt

from ingestion.table import CellValue
from tests.unit.ingestion.reader_files import HEADER, people

Rows = Sequence[Sequence[CellValue]]
Merge = tuple[int, int, int, int]
"""First row, first column, last row, last column; 0-based, inclusive."""
WIDTH = len(HEADER)


@dataclass(frozen=True)
class Layout:
    """A sheet as an office lays it out."""

    rows: list[list[CellValue]]
    merges: tuple[Merge, ...] = ()


def body() -> list[list[CellValue]]:
    """The data rows all files have in common."""
    return [list(row) for row in people(6)]


def _lone(text: str) -> list[CellValue]:
    return [text, *[None] * (WIDTH - 1)]


def _plain() -> Layout:
    return Layout([[*HEADER], *body()])


def _export() -> Layout:
    return Layout([_lone("农村低保发放名单"), _lone("导出时间：2026-11-05 09:12"), [*HEADER], *body()])


def _ledger() -> Layout:
    info: list[CellValue] = ["填报单位：县民政局", None, None, None, "单位：元", None, "填报时间：2026年11月5日"]
    return Layout(
        [
            _lone("昌宁县2026年10月农村低保发放名单"),
            [*info, *[None] * (WIDTH - len(info))],
            [*HEADER],
            *body(),
            ["合计", None, None, None, None, "21", "1312.50", *[None] * 4],
            ["填表人：李某", None, None, "审核：张某", *[None] * 7],
            _lone("注：本表一式两份"),
        ],
        ((0, 0, 0, WIDTH - 1),),
    )


def _form() -> Layout:
    note = "填表说明：一、本表由乡镇填写；二、金额按元填写，保留两位小数；三、不得改动表头，也不得增加或删除任何一列。"
    marks: list[CellValue] = [f"{{.field{n}}}" for n in range(WIDTH)]
    numbers: list[CellValue] = [str(n + 1) for n in range(WIDTH)]
    return Layout([_lone(note), [*HEADER], marks, numbers, *body()], ((0, 0, 0, WIDTH - 1),))


def _two_rows() -> Layout:
    upper: list[CellValue] = ["序号", "地址", None, "户主", None, "家庭人口", "补助", None, None, None, "是否安全"]
    lower: list[CellValue] = [
        None, "乡镇", "行政村", "户主姓名", "户主证件号", None, "户月保障金", "低保类别",
        "救助开始日期", "发放日期", None,
    ]  # fmt: skip
    merges = ((0, 0, 1, 0), (0, 1, 0, 2), (0, 3, 0, 4), (0, 5, 1, 5), (0, 6, 0, 9), (0, 10, 1, 10))
    return Layout([upper, lower, *body()], merges)


def _marked() -> Layout:
    titles: list[CellValue] = [
        "序号", "*乡镇", "＊行政村", "1.户主姓名", "A2户主证件号", "家庭人口（人）", "户月保障金(元)",
        "低保 类别", "★救助开始日期", "2、发放日期", "是否\n安全",
    ]  # fmt: skip
    return Layout([titles, *body()])


def _grouped() -> Layout:
    rows = body()
    first: list[CellValue] = ["小计", None, None, None, None, "6", *[None] * 5]
    second: list[CellValue] = ["小计", None, None, None, None, "15", *[None] * 5]
    return Layout([[*HEADER], _lone("田园镇（3户）"), *rows[:3], first, _lone("更戛乡（3户）"), *rows[3:], second])


def _paged() -> Layout:
    rows = body()
    title = _lone("低保名单")
    return Layout([title, [*HEADER], *rows[:3], _lone("第1页"), title, [*HEADER], *rows[3:], _lone("第2页")])


def _gaps() -> Layout:
    rows = body()
    empty: list[CellValue] = [None] * WIDTH
    return Layout([[*HEADER], empty, *rows[:2], empty, empty, *rows[2:], empty])


def _shuffled() -> Layout:
    order = [3, 4, 10, 9, 8, 7, 6, 5, 2, 1, 0]
    return Layout([[row[place] for place in order] for row in _plain().rows])


def _padded() -> Layout:
    return Layout([[*HEADER], *([f" {cell}\u3000" if cell else cell for cell in row] for row in body())])


def _wide() -> Layout:
    wide = str.maketrans("0123456789.-", "０１２３４５６７８９．－")
    rows = body()
    for row in rows:
        for place in (0, 4, 5, 6, 8, 9):
            row[place] = str(row[place]).translate(wide)
    return Layout([[*HEADER], *rows])


def _dashes() -> Layout:
    marks = "-—/\\－-"
    rows: list[list[CellValue]] = [[cell or mark for cell in row] for row, mark in zip(body(), marks, strict=True)]
    return Layout([[*HEADER], *rows])


LAYOUTS: Mapping[str, Callable[[], Layout]] = {
    "plain": _plain,
    "export": _export,
    "ledger": _ledger,
    "form": _form,
    "two header rows": _two_rows,
    "marked header": _marked,
    "group rows": _grouped,
    "pages": _paged,
    "gaps": _gaps,
    "other order": _shuffled,
    "padded": _padded,
    "full width": _wide,
    "dashes": _dashes,
}


def xlsx_of(layout: Layout) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in layout.rows:
        sheet.append(list(row))
    for top, left, bottom, right in layout.merges:
        sheet.merge_cells(start_row=top + 1, start_column=left + 1, end_row=bottom + 1, end_column=right + 1)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


_INLINE = re.compile(rb't="inlineStr"><is>(.*?)</is>', re.DOTALL)
_OVERRIDE = (
    b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument'
    b'.spreadsheetml.sharedStrings+xml"/></Types>'
)
_RELATION = (
    b'<Relationship Id="rIdTexts" Target="sharedStrings.xml" Type="http://schemas.openxmlformats.org/officeDocument'
    b'/2006/relationships/sharedStrings"/></Relationships>'
)


def with_shared_texts(data: bytes) -> bytes:
    """The workbook as the senders' program writes it: every text once, and cells that point to it."""
    texts: dict[bytes, int] = {}

    def pointer(match: re.Match[bytes]) -> bytes:
        return b't="s"><v>%d</v>' % texts.setdefault(match[1], len(texts))

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            part = source.read(name)
            if name.startswith("xl/worksheets/"):
                part = _INLINE.sub(pointer, part)
            elif name == "[Content_Types].xml":
                part = part.replace(b"</Types>", _OVERRIDE)
            elif name == "xl/_rels/workbook.xml.rels":
                part = part.replace(b"</Relationships>", _RELATION)
            target.writestr(name, part)
        items = b"".join(b"<si>%s</si>" % text for text in texts)
        head = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="%d" uniqueCount="%d">'
        target.writestr("xl/sharedStrings.xml", head % (len(texts), len(texts)) + items + b"</sst>")
    return out.getvalue()


def xls_of(layout: Layout) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Sheet1")
    covered = {(r, c) for t, le, b, ri in layout.merges for r in range(t, b + 1) for c in range(le, ri + 1)}
    for r, row in enumerate(layout.rows):
        for c, cell in enumerate(row):
            if cell is not None and (r, c) not in covered:
                sheet.write(r, c, cell)
    for top, left, bottom, right in layout.merges:
        sheet.write_merge(top, bottom, left, right, layout.rows[top][left])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def csv_of(layout: Layout, *, delimiter: str = ",", end: str = "\r\n", quote: bool = False, wrap: bool = False) -> str:
    def cell_text(cell: CellValue) -> str:
        text = "" if cell is None else str(cell)
        if wrap and text:
            text = f'="{text}"'
            return text if "\n" not in text else '"' + text.replace('"', '""') + '"'
        needs = quote or any(mark in text for mark in (delimiter, "\n", '"'))
        return '"' + text.replace('"', '""') + '"' if needs else text

    lines = []
    for row in layout.rows:
        cells = [cell_text(cell) for cell in row]
        while len(cells) > 1 and not cells[-1]:
            cells.pop()  # title and footer lines have fewer fields than the table
        lines.append(delimiter.join(cells))
    return end.join(lines) + end


def html_of(layout: Layout) -> str:
    spans = {(t, le): (b - t + 1, ri - le + 1) for t, le, b, ri in layout.merges}
    covered = {(r, c) for t, le, b, ri in layout.merges for r in range(t, b + 1) for c in range(le, ri + 1)}
    lines = []
    for r, row in enumerate(layout.rows):
        cells = []
        for c, cell in enumerate(row):
            if (r, c) in covered and (r, c) not in spans:
                continue
            down, across = spans.get((r, c), (1, 1))
            text = html.escape("" if cell is None else str(cell)).replace("\n", "<br>")
            cells.append(f"<td rowspan={down} colspan={across}>{text}</td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<html><head><meta charset='gb2312'></head><body><table>{''.join(lines)}</table></body></html>"


def xml2003_of(layout: Layout) -> str:
    spans = {(t, le): (b - t, ri - le) for t, le, b, ri in layout.merges}
    covered = {(r, c) for t, le, b, ri in layout.merges for r in range(t, b + 1) for c in range(le, ri + 1)}
    lines = []
    for r, row in enumerate(layout.rows):
        cells = []
        for c, cell in enumerate(row):
            if cell is None or ((r, c) in covered and (r, c) not in spans):
                continue
            down, across = spans.get((r, c), (0, 0))
            merge = f' ss:MergeDown="{down}" ss:MergeAcross="{across}"' if (down or across) else ""
            text = html.escape(str(cell))
            cells.append(f'<Cell ss:Index="{c + 1}"{merge}><Data ss:Type="String">{text}</Data></Cell>')
        lines.append(f'<Row ss:Index="{r + 1}">{"".join(cells)}</Row>')
    return (
        '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        f'<Worksheet ss:Name="Sheet1"><Table>{"".join(lines)}</Table></Worksheet></Workbook>'
    )


KINDS: Mapping[str, Callable[[Layout], bytes]] = {
    "xlsx": xlsx_of,
    "xlsx shared texts": lambda layout: with_shared_texts(xlsx_of(layout)),
    "xls": xls_of,
    "csv utf-8": lambda layout: csv_of(layout).encode(),
    "csv utf-8-sig": lambda layout: csv_of(layout, end="\n").encode("utf-8-sig"),
    "csv gb18030": lambda layout: csv_of(layout).encode("gb18030"),
    "csv utf-16": lambda layout: csv_of(layout).encode("utf-16"),
    "csv utf-16-be": lambda layout: b"\xfe\xff" + csv_of(layout, end="\n").encode("utf-16-be"),
    "csv quoted": lambda layout: csv_of(layout, quote=True).encode("gb18030"),
    "csv wrapped": lambda layout: csv_of(layout, wrap=True).encode("gb18030"),
    "csv semicolon": lambda layout: csv_of(layout, delimiter=";").encode(),
    "tab gb18030": lambda layout: csv_of(layout, delimiter="\t").encode("gb18030"),
    "tab utf-16": lambda layout: csv_of(layout, delimiter="\t").encode("utf-16"),
    "html gb18030": lambda layout: html_of(layout).encode("gb18030"),
    "html utf-8": lambda layout: html_of(layout).encode("utf-8-sig"),
    "xml2003": lambda layout: xml2003_of(layout).encode(),
}


@cache
def corpus() -> Mapping[str, bytes]:
    """``<layout>/<kind>`` -> file."""
    return {f"{name}/{kind}": write(make()) for name, make in LAYOUTS.items() for kind, write in KINDS.items()}
