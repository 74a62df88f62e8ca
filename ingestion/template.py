"""The Excel template of a feed, from its contract: what a clerk fills in and the reader takes.

Sheet 填报 has the contract's columns with drop-downs, formats and notes, and no data row at all: the example stands on
填表说明, beside each column, where it can never be taken for data. 代码表 and 区划表 hold what the drop-downs offer.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from hearth.period import Period
from hearth.settings import settings
from ingestion import choices
from ingestion import template_words as words
from ingestion.contract import Column, Contract, Kind
from ingestion.normalise.text import nfkc
from ingestion.reference_data import Region, parameters, regions
from ingestion.still import still
from ingestion.template_checks import Grounds, Sources, validation

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

SHEET_DATA, SHEET_HELP, SHEET_CODES, SHEET_PLACES = "填报", "填表说明", "代码表", "区划表"
HEADER_ROW = 3
FIRST_ROW = HEADER_ROW + 1
_FILLS = {
    words.REQUIRED: PatternFill("solid", fgColor="F8CBAD"),
    words.KEPT: PatternFill("solid", fgColor="DDEBF7"),
    words.FREE: PatternFill("solid", fgColor="EDEDED"),
}
_HEAD = PatternFill("solid", fgColor="D9E2F3")
_THIN = Side(style="thin", color="A6A6A6")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_TITLE = Font(bold=True, size=16)
_BOLD = Font(bold=True)
_SMALL = Font(size=10, color="595959")
_WRAP = Alignment(wrap_text=True, vertical="top")
_CENTRE = Alignment(wrap_text=True, vertical="center", horizontal="center")
_HINT = (
    "橙色带*的列必填；蓝色的列要保留列名，格内可空；灰色的列可以不填。鼠标停在列名上看填法；"
    "示例和说明在第二页。请不要改列名、不要合并单元格，号码列已设为文本。模板版本{version}"
)
_FORMATS = {Kind.DATE: "yyyy-mm-dd", Kind.TIMESTAMP: "yyyy-mm-dd hh:mm", Kind.INT: "0", Kind.YEAR: "0"}
_TEXT = "@"
_WIDTHS = {Kind.ID: 22, Kind.ID_LIST: 26, Kind.DATE: 13, Kind.TIMESTAMP: 18, Kind.CODE: 14, Kind.CODE_LIST: 20}
_NOTE_WIDTH = 320


@dataclass(frozen=True, slots=True)
class Edition:
    """Which template is wanted."""

    contract: Contract
    """As it stands in `month`."""
    month: Period
    """Version, columns and parameters are those of this month."""
    period: Period | None
    """The month the title states; None: the template serves any month of its version."""
    township: str | None = None


def edition(contract: Contract, month: Period, period: Period | None, township: str | None = None) -> Edition:
    """`month` is what `period` says, where it says something."""
    month = period or month
    return Edition(contract.in_force(month), month, period, township)


def file_name(contract: Contract, period: Period | None, township: str | None = None) -> str:
    """What the template is called; the inbox knows the feed by it."""
    return "_".join(filter(None, (contract.title, township, str(period) if period else None))) + ".xlsx"


def nil_name(contract: Contract, period: Period | None) -> str:
    """What the form of a nil return is called."""
    return "_".join(filter(None, (contract.title, "零报告", str(period) if period else None))) + ".xlsx"


def townships(county_code: str) -> dict[str, list[Region]]:
    """Villages of the county (6 digits) by the name of their township, in the order of the codes."""
    names = {region.region_code: region.name for region in regions() if region.level_code == "township"}
    found: dict[str, list[Region]] = {}
    for region in sorted(regions(), key=lambda region: region.region_code):
        if region.level_code == "village" and region.region_code[:6] == county_code:
            found.setdefault(names[region.parent_code or ""], []).append(region)
    return found


def data_format(column: Column) -> str:
    """Number format of a data column. Months and dates that may be coarser are text: a spreadsheet would make days of
    them, and 2019.10 would lose its zero."""
    if column.kind is Kind.DECIMAL:
        return "0.00"
    return _TEXT if column.coarser else _FORMATS.get(column.kind, _TEXT)


def template(wanted: Edition, county_code: str) -> bytes:
    """The workbook. Equal contracts, months and places give equal bytes.

    Raises ValueError for a township the county does not have.
    """
    places = townships(county_code)
    if wanted.township is not None and wanted.township not in places:
        raise ValueError(f"[{wanted.township}] is no township of [{county_code}]; known: {', '.join(places)}")
    book = Workbook()
    sheet: Worksheet = book.worksheets[0]
    sheet.title = SHEET_DATA
    columns = words.asked(wanted.contract)
    guide = book.create_sheet(SHEET_HELP)
    sources = Sources(_codes_sheet(book.create_sheet(SHEET_CODES), columns, list(places)))
    if places and {column.name for column in columns} & {"township_name", "village_name"}:
        sources = _places_sheet(book.create_sheet(SHEET_PLACES), sources, places, wanted.township)
    known = parameters(wanted.month.last_day, county_code)
    _data_sheet(sheet, wanted, columns, sources, known)
    _help_sheet(guide, wanted, columns, known)
    return _saved(book)


def _saved(book: Workbook) -> bytes:
    book.properties.creator = "Hearth"
    target = io.BytesIO()
    book.save(target)
    return still(target.getvalue())


def _on_paper(sheet: Worksheet, orientation: Literal["portrait", "landscape"] = "landscape") -> None:
    sheet.page_setup.orientation = orientation
    sheet.page_setup.paperSize = "9"  # A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _title(wanted: Edition) -> str:
    month = f"（{wanted.period.year}年{wanted.period.month}月）" if wanted.period else ""
    return f"{wanted.township or ''}{wanted.contract.title}{month}"


def _data_sheet(
    sheet: Worksheet, wanted: Edition, columns: Sequence[Column], sources: Sources, known: dict[str, Any]
) -> None:
    contract = wanted.contract
    sheet["A1"] = _title(wanted)
    sheet["A1"].font = _TITLE
    sheet["A2"] = _HINT.format(version=contract.version)
    sheet["A2"].font = _SMALL
    sheet["A2"].alignment = _WRAP
    width = min(len(columns), 9)
    for row in (1, 2):
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=width)
    sheet.row_dimensions[1].height = 26
    sheet.row_dimensions[2].height = 30
    sheet.row_dimensions[HEADER_ROW].height = 48
    letters = {column.name: get_column_letter(place) for place, column in enumerate(columns, start=1)}
    grounds = Grounds(letters, FIRST_ROW, wanted.month, sources)
    for column in columns:
        letter = letters[column.name]
        head = sheet[f"{letter}{HEADER_ROW}"]
        head.value = words.header(column, contract, wanted.month)
        head.fill, head.font, head.border = _FILLS[words.mark(column, contract)], _BOLD, _BOX
        head.alignment, head.number_format = _CENTRE, _TEXT
        text = words.note(column, contract, known)
        head.comment = Comment(text, "填表说明", height=_note_height(text), width=_NOTE_WIDTH)
        dimension = sheet.column_dimensions[letter]
        dimension.width = 6 if not column.loaded else max(_WIDTHS.get(column.kind, 12), _title_width(head.value))
        dimension.number_format = data_format(column)
        sheet.add_data_validation(validation(column, contract, grounds))
    sheet.freeze_panes = f"B{FIRST_ROW}" if not columns[0].loaded else f"A{FIRST_ROW}"
    sheet.print_title_rows = f"1:{HEADER_ROW}"
    _on_paper(sheet)


def _title_width(text: str) -> float:
    """Wide enough for title and unit, a long title on two lines."""
    longest = max(text.split("\n"), key=len)
    return 3 + 2.2 * (len(longest) if len(longest) <= 9 else len(longest) / 2)


def _note_height(text: str) -> int:
    lines = sum(1 + len(line) // 24 for line in text.split("\n"))
    return 18 * lines + 16


def _codes_sheet(sheet: Worksheet, columns: Sequence[Column], names: Sequence[str]) -> dict[str, str]:
    """Writes every code list once, below one another, and gives where each stands."""
    sheet.append(["用于", "代码", "可选项（填这一列的文字）"])
    for cell in sheet[1]:
        cell.font, cell.fill, cell.border = _BOLD, _HEAD, _BOX
    found: dict[str, str] = {}
    lists: dict[str, list[Column]] = {}
    for column in columns:
        if column.code_list is not None:
            lists.setdefault(column.code_list, []).append(column)
    blocks = [(name, "、".join(column.title for column in users), users[0]) for name, users in lists.items()]
    for name, titles, column in blocks:
        first = sheet.max_row + 1
        codes = choices.codes(column)
        for code, label in codes:
            sheet.append([f"{titles}：", code, label])
        found[name] = f"'{SHEET_CODES}'!$C${first}:$C${sheet.max_row}"
    first = sheet.max_row + 1
    for name in names:
        sheet.append(["乡镇：", "", name])
    if names:
        found[""] = f"'{SHEET_CODES}'!$C${first}:$C${sheet.max_row}"
    for letter, size in (("A", 34), ("B", 14), ("C", 40)):
        sheet.column_dimensions[letter].width = size
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            cell.number_format, cell.border = _TEXT, _BOX
    sheet.freeze_panes = "A2"
    _on_paper(sheet, "portrait")
    return found


def _places_sheet(sheet: Worksheet, sources: Sources, places: dict[str, list[Region]], township: str | None) -> Sources:
    sheet.append(["所属乡镇名称", "村（社区）", "12位区划代码"])
    for cell in sheet[1]:
        cell.font, cell.fill, cell.border = _BOLD, _HEAD, _BOX
    for name, villages in places.items():
        if township in (None, name):
            for village in villages:
                sheet.append([name, village.name, village.region_code])
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            cell.number_format, cell.border = _TEXT, _BOX
    for letter, size in (("A", 22), ("B", 34), ("C", 18)):
        sheet.column_dimensions[letter].width = size
    sheet.freeze_panes = "A2"
    _on_paper(sheet, "portrait")
    villages_of = f"'{SHEET_PLACES}'!$B$2:$B${sheet.max_row}" if township else None
    return Sources(sources.lists, SHEET_PLACES, villages_of)


def _help_sheet(sheet: Worksheet, wanted: Edition, columns: Sequence[Column], known: dict[str, Any]) -> None:
    contract = wanted.contract
    sheet.append([f"“{contract.title}”填表说明"])
    sheet["A1"].font = _TITLE
    sheet.merge_cells("A1:G1")
    for label, text in words.facts(contract, wanted.period, wanted.month):
        sheet.append([label, text])
        row = sheet.max_row
        sheet.merge_cells(start_row=row, start_column=2, end_row=row, end_column=7)
        sheet.cell(row, 1).font, sheet.cell(row, 1).alignment = _BOLD, _WRAP
        sheet.cell(row, 2).alignment = _WRAP
        sheet.row_dimensions[row].height = 17 * (1 + len(text) // 62)
    sheet.append([])
    sheet.append(["列名", "要求", "填什么", "计量单位", "可填的值", "示例（虚构）", "校验和说明"])
    top = sheet.max_row
    for cell in sheet[top]:
        cell.font, cell.fill = _BOLD, _HEAD
    for column in columns:
        rule = words.remarks(column, contract, known)
        texts = (words.how(column), words.limits(column), rule)
        sheet.append(
            [
                column.title_in(wanted.month),
                words.mark(column, contract),
                texts[0],
                column.unit or "",
                texts[1],
                words.example(column),
                rule,
            ]
        )
        row = sheet.max_row
        sheet.cell(row, 2).fill = _FILLS[words.mark(column, contract)]
        lines = max(-(-len(texts[0]) // 10), -(-len(texts[1]) // 13), -(-len(texts[2]) // 26), 1)
        lines = max(lines, -(-len(nfkc(column.title)) // 11), -(-len(words.example(column)) // 18))
        sheet.row_dimensions[row].height = 16 * lines + 2
    for row_cells in sheet.iter_rows(min_row=top):
        for cell in row_cells:
            cell.alignment, cell.border, cell.number_format = _WRAP, _BOX, _TEXT
    for letter, size in zip("ABCDEFG", (24, 15, 22, 9, 28, 22, 54), strict=True):
        sheet.column_dimensions[letter].width = size
    _on_paper(sheet)


def nil_form(wanted: Edition) -> bytes:
    """The form of a nil return (F-09). Raises ValueError where the contract accepts none."""
    contract = wanted.contract
    if not contract.nil_allowed:
        raise ValueError(f"contract [{contract.feed_id}] accepts no nil return")
    book = Workbook()
    sheet: Worksheet = book.worksheets[0]
    sheet.title = "零报告"
    rows: list[list[str]] = [
        [f"{_title(wanted)}零报告", ""],
        ["本月确实没有数据时填写。下面两格都要填，缺一格不收；有数据请用报表模板，不要用这张。", ""],
        ["报送单位", contract.department_title],
        ["原因", ""],
        ["签字人", ""],
    ]
    for row in rows:
        sheet.append(row)
    sheet["A1"].font, sheet["A2"].font, sheet["A2"].alignment = _TITLE, _SMALL, _WRAP
    for row_number in (1, 2):
        sheet.merge_cells(start_row=row_number, start_column=1, end_row=row_number, end_column=2)
    for number, height in ((1, 28), (2, 32), (3, 24), (4, 60), (5, 30)):
        sheet.row_dimensions[number].height = height
        for cell in sheet[number] if number > 2 else ():
            cell.border, cell.alignment, cell.number_format = _BOX, _WRAP, _TEXT
    for number in (4, 5):
        sheet.cell(number, 1).font = _BOLD
        sheet.cell(number, 2).fill = _FILLS[words.REQUIRED]
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 16, 60
    _on_paper(sheet)
    return _saved(book)


def write(
    contract: Contract, folder: Path, month: Period, period: Period | None = None, township: str | None = None
) -> list[Path]:
    """Write template and, where there is one, nil-return form below `folder`; gives their paths."""
    wanted = edition(contract, month, period, township)
    files = {file_name(contract, period, township): template(wanted, settings().county_code)}
    if contract.nil_allowed:
        files[nil_name(contract, period)] = nil_form(wanted)
    target = folder / contract.department
    target.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (target / name).write_bytes(content)
    return [target / name for name in files]
