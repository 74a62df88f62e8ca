"""Figures that a number format shows as something else: the same file of every kind of workbook gives the same rows."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any
from xml.sax.saxutils import quoteattr

import openpyxl
import pytest
import xlwt

from ingestion.contract import Kind
from ingestion.reader.guards import Limits
from ingestion.reader.opening import open_file
from ingestion.reader.shown import Shown, as_shown, shown_by_code, shown_by_name
from ingestion.table import CellValue, TypedTable
from tests.unit.ingestion.reader_files import HOLDER, PAID, STARTED, column, contract, id_number, rules_of, typed

RATE = column("pass_rate_percent", "合格率(%)", Kind.DECIMAL, unit="%")
Formatted = tuple[CellValue, str]
"""A cell and its number format."""
Maker = Callable[[Sequence[Sequence[Formatted]]], bytes]


def _xlsx(rows: Sequence[Sequence[Formatted]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for r, row in enumerate(rows, 1):
        for c, (value, form) in enumerate(row, 1):
            sheet.cell(r, c, value).number_format = form
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _xls(rows: Sequence[Sequence[Formatted]]) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Sheet1")
    for r, row in enumerate(rows):
        for c, (value, form) in enumerate(row):
            sheet.write(r, c, value, xlwt.easyxf(num_format_str=form))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _xml2003(rows: Sequence[Sequence[Formatted]]) -> bytes:
    """A number with a date format stays a number here, as exporters write it."""
    forms = list(dict.fromkeys(form for row in rows for _, form in row))
    styles = "".join(
        f'<Style ss:ID="s{n}" ss:Parent="Default"><NumberFormat ss:Format={quoteattr(form)}/></Style>'
        for n, form in enumerate(forms)
    )

    def cell(value: CellValue, form: str) -> str:
        kind = "String" if isinstance(value, str) else "Number"
        return f'<Cell ss:StyleID="s{forms.index(form)}"><Data ss:Type="{kind}">{value}</Data></Cell>'

    body = "".join(f"<Row>{''.join(cell(*entry) for entry in row)}</Row>" for row in rows)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"'
        ' xmlns:x="urn:schemas-microsoft-com:office:excel" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        f'<Styles><Style ss:ID="Default"/>{styles}</Styles>'
        f'<Worksheet ss:Name="Sheet1"><Table>{body}</Table></Worksheet></Workbook>'
    ).encode()


EVERY_KIND = pytest.mark.parametrize("make", [_xlsx, _xls, _xml2003])


def _table(make: Maker, feed: Any, title: str, *cells: Formatted) -> TypedTable:
    rows: list[list[Formatted]] = [[("户主证件号", "@"), (title, "@")]]
    rows += [[(id_number(n), "@"), cell] for n, cell in enumerate(cells)]
    return typed(make(rows), contract(HOLDER, feed))


@EVERY_KIND
def test_a_figure_shown_as_2019_10_is_october(make: Maker) -> None:
    table = _table(make, STARTED, "救助开始日期", (2019.1, "0.00"), (2019.11, "0.00"), (2020.1, "0.00_ ;[Red]-0.00"))
    assert table.data["started_month"].to_pylist() == ["2019-10", "2019-11", "2020-10"]
    assert table.findings == ()


@EVERY_KIND
@pytest.mark.parametrize("form", ["General", "0.0", "0"])
def test_a_figure_shown_as_2019_1_is_sent_back(make: Maker, form: str) -> None:
    assert rules_of(_table(make, STARTED, "救助开始日期", (2019.1, form))) == [(2, "S-06")]


@EVERY_KIND
def test_a_figure_shown_as_a_percentage_is_one(make: Maker) -> None:
    table = _table(
        make, RATE, "合格率(%)", (0.955, "0.00%"), (1, "0%"), (0, "0%"), (97, "General"), (0.07, "0%;[Red]-0%")
    )
    assert [str(value) for value in table.data["pass_rate_percent"]] == ["95.50", "100.00", "0.00", "97.00", "7.00"]
    assert table.findings == ()


@EVERY_KIND
def test_a_figure_shown_as_a_day_is_one(make: Maker) -> None:
    """Also in a text column, where a day number would be taken for a text."""
    cells: list[Formatted] = [(43532, "yyyy-mm-dd"), (43533, 'yyyy"年"m"月"d"日"'), (43534, "[$-804]yyyy/m/d;@")]
    table = _table(make, PAID, "发放日期", *cells)
    assert table.data["paid_date"].to_pylist() == [date(2019, 3, 8), date(2019, 3, 9), date(2019, 3, 10)]
    words = _table(make, column("remark", "备注"), "备注", *cells)
    assert [text[:10] for text in words.data["remark"].to_pylist()] == ["2019-03-08", "2019-03-09", "2019-03-10"]


def test_xml2003_takes_the_style_of_row_or_column_and_the_base_of_days() -> None:
    cell = '<Cell><Data ss:Type="Number">{}</Data></Cell>'
    data = (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"'
        ' xmlns:x="urn:schemas-microsoft-com:office:excel" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        "<x:ExcelWorkbook><x:Date1904/></x:ExcelWorkbook>"
        '<Styles><Style ss:ID="base"><NumberFormat ss:Format="Fixed"/></Style><Style ss:ID="month" ss:Parent="base"/>'
        '<Style ss:ID="day"><NumberFormat ss:Format="Short Date"/></Style></Styles>'
        '<Worksheet ss:Name="Sheet1"><Table><Column ss:Index="2" ss:StyleID="month" ss:Span="1"/>'
        f"<Row>{cell.format(2019.1) * 3}</Row>"
        f'<Row ss:StyleID="day">{cell.format(1.5)}</Row></Table></Worksheet></Workbook>'
    )
    book = open_file(data.encode(), Limits()).book
    assert book.is_1904
    noon = datetime.combine(date(1904, 1, 2), time(12))
    assert book.grids[0].rows == [[2019.1, "2019.10", "2019.10"], [noon]]


def test_the_second_engine_finds_the_sheet_by_its_place() -> None:
    """Its name comes out another way than the records say; broken cells and formats must not get lost over it."""
    book = xlwt.Workbook(encoding="latin-1")
    sheet = book.add_sheet("低保".encode("gb18030").decode("latin-1"))
    for c, title in enumerate(("户主证件号", "救助开始日期")):
        sheet.write(0, c, title.encode("gb18030").decode("latin-1"))
    sheet.write(1, 0, id_number(1))
    sheet.write(1, 1, 2019.1, xlwt.easyxf(num_format_str="0.00"))
    stream = io.BytesIO()
    book.save(stream)
    table = typed(stream.getvalue(), contract(HOLDER, STARTED))
    assert table.data["started_month"].to_pylist() == ["2019-10"]


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("0.00", Shown.TWO_DECIMALS),
        ("#,##0.00_ ", Shown.TWO_DECIMALS),
        ("0.0%", Shown.PERCENT),
        ('0"%"', None),
        ("[Red]0%", Shown.PERCENT),
        ("yyyy\\.m", Shown.DAY),
        ('yyyy"年"m"月"', Shown.DAY),
        ("m/d", Shown.DAY),
        ("h:mm:ss", None),
        ("[h]:mm", None),
        ("[$-804]General", None),
        ("General", None),
        ("@", None),
        ("", None),
        ("000000", None),
    ],
)
def test_what_a_format_shows(code: str, shown: Shown | None) -> None:
    assert shown_by_code(code) is shown


def test_named_formats_of_xml2003() -> None:
    assert [shown_by_name(name) for name in ("Percent", "Fixed", "Short Date", "General")] == [
        Shown.PERCENT,
        Shown.TWO_DECIMALS,
        Shown.DAY,
        None,
    ]


@pytest.mark.parametrize(
    ("figure", "shown", "text"),
    [
        (2019.1, Shown.TWO_DECIMALS, "2019.10"),
        (2019.2, Shown.TWO_DECIMALS, None),
        (19.1, Shown.TWO_DECIMALS, None),
        (0.285, Shown.PERCENT, "28.5%"),
        (1, Shown.PERCENT, "100%"),
        (-0.5, Shown.PERCENT, "-50%"),
        (1e-7, Shown.PERCENT, "0.00001%"),
        (float("nan"), Shown.PERCENT, None),
    ],
)
def test_the_text_of_a_figure(figure: float, shown: Shown, text: str | None) -> None:
    assert as_shown(figure, shown) == text
