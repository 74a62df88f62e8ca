"""Small contracts and files for the tests of reading. Every person is invented."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from datetime import date

import openpyxl
import xlwt

from hearth.period import Period
from ingestion.contract import Column, Contract, Demand, Header, Kind, Privacy, RowFilter, Rule
from ingestion.normalise.ids import check_character
from ingestion.read import read_table, type_table
from ingestion.table import CellValue, RawTable, TypedTable

PERIOD = Period(2026, 10)
COUNTY = "530524"


def id_number(n: int) -> str:
    """The n-th invented ID number; 530599 is no county."""
    first17 = f"530599{1950 + n % 60}{1 + n % 12:02d}{1 + n % 28:02d}{n % 1000:03d}"
    return first17 + check_character(first17)


def column(
    name: str,
    title: str,
    kind: Kind = Kind.TEXT,
    demand: Demand = Demand.OPTIONAL,
    *,
    headers: Sequence[str | Header] = (),
    vault_kind: str | None = None,
    code_list: str | None = None,
    unit: str | None = None,
    key: int | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    coarser: bool = False,
    default: str | None = None,
    blank_is_false: bool = False,
    percent_floor: float | None = None,
    loaded: bool = True,
) -> Column:
    """A contract column with as little said as a test needs."""
    variants = tuple(entry if isinstance(entry, Header) else Header(entry) for entry in headers)
    return Column(
        name=name,
        title=title,
        description=name,
        kind=kind,
        demand=Demand.KEY if key else demand,
        privacy=Privacy.DIRECT if vault_kind else Privacy.QUASI,
        headers=(Header(title), *variants),
        physical_type="text",
        vault_kind=vault_kind,
        key_position=key,
        unit=unit,
        code_list=code_list,
        minimum=minimum,
        maximum=maximum,
        coarser=coarser,
        default=default,
        blank_is_false=blank_is_false,
        percent_floor=percent_floor,
        loaded=loaded,
    )


def contract(*columns: Column, row_filter: RowFilter | None = None, rules: tuple[Rule, ...] = ()) -> Contract:
    """A feed of a department that does not exist."""
    return Contract(
        department="example",
        feed="test",
        version="1.0.0",
        title="测试表",
        department_title="测试局",
        description="test",
        grain="one row",
        semantics="snapshot",
        absence="unknown",
        due_day=8,
        rejection_share=0.1,
        volume="few",
        nil_allowed=False,
        file_prefixes=("测试",),
        row_filter=row_filter,
        columns=columns,
        rules=rules,
    )


HOLDER = column("head_id_number", "户主证件号", Kind.ID, key=1, vault_kind="id_number", headers=["身份证号"])
NAME = column("head_name", "户主姓名", Kind.TEXT, Demand.VALUE, vault_kind="person_name", headers=["户主"])
TOWNSHIP = column("township_name", "乡(镇)", headers=["乡镇"])
VILLAGE = column("village_name", "行政村", headers=["村"])
REGION = column("region_code", "行政区划代码", Kind.ID)
MEMBERS = column("member_count", "家庭人口", Kind.INT, Demand.VALUE, unit="人", minimum=1)
AMOUNT = column("monthly_amount_yuan", "户月保障金", Kind.DECIMAL, unit="元/月", minimum=0)
CATEGORY = column("category_code", "低保类别", Kind.CODE, code_list="dibao_category")
STARTED = column("started_month", "救助开始日期", Kind.MONTH)
PAID = column("paid_date", "发放日期", Kind.DATE)
SAFE = column("is_safe", "是否安全", Kind.BOOL)
SERIAL = column("serial_no", "序号", Kind.INT, loaded=False)
ALLOWANCE = contract(SERIAL, TOWNSHIP, VILLAGE, REGION, NAME, HOLDER, MEMBERS, AMOUNT, CATEGORY, STARTED, PAID, SAFE)
HEADER = [
    "序号",
    "乡镇",
    "行政村",
    "户主姓名",
    "户主证件号",
    "家庭人口",
    "户月保障金",
    "低保类别",
    "救助开始日期",
    "发放日期",
    "是否安全",
]


def people(count: int) -> list[list[str]]:
    """Rows under HEADER, every cell as text."""
    return [
        [
            str(n + 1),
            "田园镇",
            "右文社区",
            "张某" if n % 2 else "李某某",
            id_number(n),
            str(1 + n % 6),
            f"{200 + n * 7.5:.2f}",
            ("农村低保", "01", "城市低保")[n % 3],
            f"20{10 + n % 10}-{1 + n % 9:02d}",
            f"2026-10-{1 + n % 28:02d}",
            ("是", "否", "")[n % 3],
        ]
        for n in range(count)
    ]


def cells(rows: Sequence[Sequence[CellValue]]) -> list[list[CellValue]]:
    """The same rows, free to take cells of any type."""
    return [list(row) for row in rows]


def csv_text(rows: Sequence[Sequence[str]], delimiter: str = ",") -> str:
    return "\r\n".join(delimiter.join(row) for row in rows) + "\r\n"


def xlsx(
    *sheets: Sequence[Sequence[CellValue]],
    names: Sequence[str] = (),
    merges: Sequence[str] = (),
    hidden: Sequence[str] = (),
) -> bytes:
    """A workbook; `merges` belong to the first sheet."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(names[number] if names else f"Sheet{number + 1}")
        for row in rows:
            sheet.append(list(row))
        if sheet.title in hidden:
            sheet.sheet_state = "hidden"
    for merge in merges:
        book.worksheets[0].merge_cells(merge)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def xls(rows: Sequence[Sequence[CellValue]]) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Sheet1")
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            if isinstance(cell, date):
                sheet.write(r, c, cell, day)
            elif cell is not None:
                sheet.write(r, c, cell)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def html_table(rows: Sequence[Sequence[str]], head: str = "") -> str:
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f"<html><head><meta charset='gb2312'>{head}</head><body><table border=1>{body}</table></body></html>"


def xml2003(rows: Sequence[Sequence[str]]) -> str:
    body = "".join(
        "<Row>" + "".join(f'<Cell><Data ss:Type="String">{html.escape(c)}</Data></Cell>' for c in row) + "</Row>"
        for row in rows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<?mso-application progid="Excel.Sheet"?>\n'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        f'<Worksheet ss:Name="Sheet1"><Table>{body}</Table></Worksheet></Workbook>'
    )


def read(data: bytes, feed: Contract = ALLOWANCE, file_name: str = "名单.xlsx") -> RawTable:
    return read_table(data, file_name, feed, PERIOD)


def typed(data: bytes, feed: Contract = ALLOWANCE) -> TypedTable:
    return type_table(read(data, feed), PERIOD, COUNTY)


def typed_rows(rows: Sequence[Sequence[CellValue]], feed: Contract) -> TypedTable:
    """Rows of a workbook, header first, read and typed."""
    return typed(xlsx(rows), feed)


def rules_of(table: TypedTable) -> list[tuple[int, str]]:
    """(row, rule id) of all findings."""
    return [(finding.row, finding.rule_id) for finding in table.findings]
