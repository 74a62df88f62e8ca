"""需修改.xlsx of the offline check: the rows that would come back, why, and how to mend them.

The sender's own columns in their own order and values as stored, wrong cells coloured, before them what is said of the
row. It carries no mark of a submission, so it cannot be sent in its place: the sender mends the file itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from ingestion.checks import error_rows
from ingestion.sheet_writer import wrapped_lines
from ingestion.table import CellValue, Finding, RawRow, RawTable

SHEET = "需修改的行"
TITLES = ("工作表", "行号", "规则", "问题", "怎么改")
_WIDTHS = (12, 8, 12, 36, 36)
_COLUMN_WIDTH = 22
_LINE, _MOST_LINES = 15, 12
"""Height of a line, in points, and how many lines are shown; programs do not find the height of wrapped text."""
_FAULTY = PatternFill("solid", fgColor="FFD966")
_HEAD = PatternFill("solid", fgColor="D9E2F3")
_ADVICE = PatternFill("solid", fgColor="F2F2F2")
_BOLD = Font(bold=True)
_WRAP = Alignment(wrap_text=True, vertical="top")
_LONGEST = 32_767
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def _cell(sheet: Any, value: CellValue, fill: PatternFill | None = None) -> Any:
    """Text is text, whatever it begins with: nothing a sender typed becomes a formula here."""
    if not isinstance(value, str):
        cell: Any = WriteOnlyCell(sheet)
        cell.value = value
    else:
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value)[:_LONGEST])
        cell.data_type = "s"
        cell.number_format = "@"
        if value.startswith(_FORMULA_STARTS):
            cell.quotePrefix = True
    cell.alignment = _WRAP
    if fill is not None:
        cell.fill = fill
    return cell


def _columns(raw: RawTable) -> list[tuple[str, str]]:
    """(column, header) from left to right as the sender has them; columns without a place of their own come last."""
    places: dict[str, tuple[int, str]] = {}
    for (_, name), letter in raw.letters.items():
        places.setdefault(name, (len(letter), letter))
    return sorted(raw.headers.items(), key=lambda item: places.get(item[0], (9, "")))


def _numbered(parts: Iterable[str]) -> str:
    unique = list(dict.fromkeys(parts))
    return unique[0] if len(unique) == 1 else "\n".join(f"{number}. {part}" for number, part in enumerate(unique, 1))


def _row(sheet: Any, row: RawRow, errors: Sequence[Finding], columns: Sequence[tuple[str, str]], raw: RawTable) -> Any:
    faulty = {name for finding in errors for name in finding.columns}
    advice = (
        raw.sheet_names.get(row.sheet, row.sheet),
        str(row.row),
        "\n".join(dict.fromkeys(finding.rule_id for finding in errors)),
        _numbered(finding.message for finding in errors),
        _numbered(finding.fix for finding in errors),
    )
    cells = [_cell(sheet, text, _ADVICE) for text in advice]
    cells += [_cell(sheet, row.cells.get(name), _FAULTY if name in faulty else None) for name, _ in columns]
    return cells + [_cell(sheet, row.extra.get(header)) for header in raw.unknown_headers]


def _height(cells: Sequence[Any]) -> int:
    """Lines of the cell that takes most."""
    widths = (*_WIDTHS, *[_COLUMN_WIDTH] * max(len(cells) - len(_WIDTHS), 0))
    lines = (wrapped_lines(cell.value, width) for cell, width in zip(cells, widths, strict=False) if cell.value)
    return min(max(lines, default=1), _MOST_LINES)


def rows_to_mend(raw: RawTable, findings: Sequence[Finding]) -> bytes | None:
    """The workbook of the rows that an error rejects; None when there is none."""
    rejected = error_rows(findings)
    if not rejected:
        return None
    by_address: dict[tuple[str, int], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.severity == "error" and finding.row > 0:
            by_address[finding.sheet, finding.row].append(finding)
    columns = _columns(raw)
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(SHEET)
    sheet.freeze_panes = "F2"
    titles = [*TITLES, *(header for _, header in columns), *raw.unknown_headers]
    for index in range(1, len(titles) + 1):
        width = _WIDTHS[index - 1] if index <= len(_WIDTHS) else _COLUMN_WIDTH
        sheet.column_dimensions[get_column_letter(index)].width = width
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    head = [_cell(sheet, title, _HEAD) for title in titles]
    for cell in head:
        cell.font = _BOLD
    sheet.append(head)
    number = 1
    for row in raw.rows:
        if (row.sheet, row.row) in rejected:
            errors = sorted(by_address[row.sheet, row.row], key=lambda finding: (finding.rule_id, finding.columns))
            cells = _row(sheet, row, errors, columns, raw)
            number += 1
            sheet.row_dimensions[number].height = _LINE * _height(cells)
            sheet.append(cells)
    target = BytesIO()
    book.save(target)
    return target.getvalue()
