"""The scorecard that goes out with a close: each department its own, the county all of them, as a workbook."""

from __future__ import annotations

import io
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import structlog
from psycopg.rows import class_row

from hearth.bucket import bucket
from hearth.database import Role, connect
from hearth.period import Period
from hearth.settings import settings

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

COUNTY_FOLDER = "county"
FILE_NAME = "报送评分表.xlsx"
_MONTHS = 12
_TRENDS = {"new": "首月", "better": "↑ 好转", "worse": "↓ 变差", "same": "→ 持平", "not_expected": "本月不报"}
_HEADINGS = (
    "部门", "月份", "应报", "已报", "完整率", "及时率", "收到行数", "通过行数", "通过率", "待更正行", "待确认报表",
    "被退回报表", "表结构变化", "未结问题", "趋势",
)  # fmt: skip
_SHARES = (5, 6, 9)
"""Columns that hold a share, counted from 1."""
_NOTES = (
    "完整率 = 已报 ÷ 应报；及时率 = 按时首次报送 ÷ 应报；通过率 = 通过行数 ÷ 收到行数（以现行有效报表为准）。",
    "更正重报不影响及时率：以首次可用报表的收到时间为准。本月不报的报表不计入应报。",
    "未结问题：有待更正行计一项，另加待确认、被退回的报表和未处理的表结构变化。请按回执和更正表处理。",
    "趋势：完整率、及时率、通过率三项合计与上一个月相比。",
)
_WAIVER_COLUMNS = (("规则", 8), ("检查", 40), ("涉及行数", 10), ("原因", 60), ("豁免人", 14), ("有效至", 12))
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Score:
    """One department and month of ``ops.scorecard``. Shares are 0..1; None where there is nothing to share."""

    period: str
    department: str
    department_title: str
    expected_feeds: int
    received_feeds: int
    completeness: Decimal | None
    timeliness: Decimal | None
    rows_received: int
    rows_accepted: int
    pass_rate: Decimal | None
    rejected_rows: int
    waiting_files: int
    refused_feeds: int
    column_issues: int
    open_issues: int
    trend: str

    @property
    def cells(self) -> tuple[str | int | float, ...]:
        """As the workbook shows it; a share of nothing is a dash."""
        return (
            self.department_title, self.period, self.expected_feeds, self.received_feeds,
            _share(self.completeness), _share(self.timeliness), self.rows_received, self.rows_accepted,
            _share(self.pass_rate), self.rejected_rows, self.waiting_files, self.refused_feeds, self.column_issues,
            self.open_issues, _TRENDS[self.trend],
        )  # fmt: skip


def _share(value: Decimal | None) -> float | str:
    return "—" if value is None else float(value)


def scores(county_code: str, period: str) -> list[Score]:
    """The departments of a month and of the eleven before it, newest month first."""
    first = str(Period.parse(period).shift(1 - _MONTHS))
    with connect(Role.PUBLISHER) as connection, connection.cursor(row_factory=class_row(Score)) as cursor:
        return cursor.execute(
            """
            select s.period, s.department, coalesce(f.department_zh, s.department) as department_title,
                s.expected_feeds, s.received_feeds, s.completeness, s.timeliness, s.rows_received, s.rows_accepted,
                s.pass_rate, s.rejected_rows, s.waiting_files, s.refused_feeds, s.column_issues, s.open_issues, s.trend
            from ops.scorecard as s
            left join (
                select department, min(department_zh) as department_zh from reference.feed group by department
            ) as f using (department)
            where s.county_code = %(county)s and s.period between %(first)s and %(period)s
            order by s.period desc, s.department
            """,
            {"county": county_code, "first": first, "period": period},
        ).fetchall()


def send(county_code: str, period: str) -> list[str]:
    """Put the workbooks of a month into the outbox: one a department, one for the county; return their keys.

    Written over: the newest close of the month says how it stands. Raises LookupError for a month without a calendar.
    """
    found = scores(county_code, period)
    present = [score for score in found if score.period == period]
    if not present:
        raise LookupError(f"[{period}] has no calendar: `hearth calendar show {period}` writes it")
    waived = waivers(county_code, period)
    books = {COUNTY_FOLDER: _workbook(f"全县 {period} 报送评分表", present, found, waived)}
    for score in present:
        own = [other for other in found if other.department == score.department]
        books[score.department] = _workbook(f"{score.department_title} {period} 报送评分表", [score], own, waived)
    keys = []
    for folder, book in books.items():
        target = bucket() / "outbox" / folder / period
        target.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        book.save(buffer)
        (target / FILE_NAME).write_bytes(buffer.getvalue())
        keys.append(f"outbox/{folder}/{period}/{FILE_NAME}")
    _log.info("scorecards sent", period=period, workbooks=len(keys))
    return keys


def waivers(county_code: str, period: str) -> list[tuple[str, str, int | None, str, str, str]]:
    """Rule, check, failures, reason, name and last day of what the live publication of a month was let through by."""
    with connect(Role.PUBLISHER) as connection:
        return connection.execute(
            "select rule_id, suite || '.' || expectation, failing_count, reason, given_by,"
            " to_char(valid_until at time zone %s, 'YYYY-MM-DD') from ops.publication_waiver"
            " join ops.publication using (publication_id)"
            " where county_code = %s and period = %s and state = 'live' order by rule_id, suite, expectation",
            [settings().timezone, county_code, period],
        ).fetchall()


def _workbook(
    title: str, present: list[Score], history: list[Score], waived: list[tuple[str, str, int | None, str, str, str]]
) -> Workbook:
    from openpyxl import Workbook

    book = Workbook()
    sheet: Worksheet = book.active  # type: ignore[assignment]  # a new workbook has one
    sheet.title = "本月"
    _fill(sheet, title, present)
    for number, note in enumerate(_NOTES, start=len(present) + 4):
        sheet.cell(number, 1, note)
    _fill(book.create_sheet("近12个月"), f"{title}：近12个月", history)
    if waived:
        _fill_waivers(book.create_sheet("本月豁免"), waived)
    return book


def _fill_waivers(sheet: Worksheet, waived: list[tuple[str, str, int | None, str, str, str]]) -> None:
    from openpyxl.styles import Alignment, Font

    sheet.cell(1, 1, "本月公布时豁免的检查：由具名的人负责，到期自动失效").font = Font(size=14, bold=True)
    for column, (heading, width) in enumerate(_WAIVER_COLUMNS, start=1):
        sheet.cell(2, column, heading).font = Font(bold=True)
        sheet.column_dimensions[chr(ord("A") + column - 1)].width = width
    for row, waiver in enumerate(waived, start=3):
        for column, value in enumerate(waiver, start=1):
            cell = sheet.cell(row, column, value)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if isinstance(value, str):
                cell.data_type = "s"  # a reason is text, whatever it begins with


def _fill(sheet: Worksheet, title: str, rows: list[Score]) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet.cell(1, 1, title).font = Font(size=14, bold=True)
    thin = Side(style="thin", color="BFBFBF")
    for column, heading in enumerate(_HEADINGS, start=1):
        cell = sheet.cell(2, column, heading)
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="D9E2EC")
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        cell.border = Border(thin, thin, thin, thin)
        sheet.column_dimensions[get_column_letter(column)].width = 26 if column == 1 else 10
    for row, score in enumerate(rows, start=3):
        for column, value in enumerate(score.cells, start=1):
            cell = sheet.cell(row, column, value)
            cell.border = Border(thin, thin, thin, thin)
            cell.alignment = Alignment(horizontal="left" if column == 1 else "center")
            if column in _SHARES:
                cell.number_format = "0.0%"
        if score.trend == "worse":
            sheet.cell(row, len(_HEADINGS)).fill = PatternFill("solid", fgColor="F8D7DA")
    sheet.freeze_panes = "C3"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
