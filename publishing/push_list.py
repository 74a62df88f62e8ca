"""预警推送.xlsx: the clues of a month, for whoever is to go there, and what became of those a department gave.

The townships and the register office get their households with the class of the clue, no sum and no diagnosis; the
department that raised a signal gets the results by township, no household (indicators, section 6).
"""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import structlog
from psycopg.rows import class_row

from hearth.bucket import bucket
from hearth.database import Role, connect
from publishing.policy import policy
from publishing.scorecard import COUNTY_FOLDER

if TYPE_CHECKING:
    from openpyxl import Workbook

FILE_NAME = "预警推送.xlsx"
_HEADINGS = (
    "乡镇", "村", "户编号", "信号", "级别", "首次发现", "本次发现", "核实期限", "新增", "怎么办",
)  # fmt: skip
_WIDTHS = (14, 16, 22, 20, 8, 10, 10, 12, 6, 60)
_RESULT_HEADINGS = ("信号", "乡镇", "本月新增", "未核实", "其中超期", "本月已走访", "本月条件消除", "本月离开")
_RESULT_WIDTHS = (20, 14, 10, 10, 10, 12, 12, 10)
_LEVELS = {"yellow": "黄色", "red": "红色"}
_NO_TOWNSHIP = "乡镇不详"
_SHEET_TITLE_LENGTH = 31
_NOTE = "线索不是结论：请入户核实。核实后在登记册更新“入户核查月份”，随下月报表报回，信号即关闭。"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Signal:
    """One row of the ledger of signals that is open, or was closed in the month."""

    period: str
    signal_id: str
    name_zh: str
    message_zh: str
    raised_by: str
    level_code: str
    household_no: str
    township_code: str | None
    township: str | None
    village: str | None
    first_seen_period: str
    opened_period: str
    visit_by: date
    close_reason: str | None

    @property
    def cells(self) -> tuple[str, ...]:
        """As the list shows it."""
        return (
            self.township or _NO_TOWNSHIP, self.village or "", self.household_no, self.name_zh,
            _LEVELS[self.level_code], self.first_seen_period, self.opened_period, self.visit_by.isoformat(),
            "新增" if self.opened_period == self.period else "", self.message_zh,
        )  # fmt: skip


def signals(county_code: str, period: str) -> list[Signal]:
    """Signals of a month that are open or were closed in it, by place and household."""
    with connect(Role.PUBLISHER) as connection, connection.cursor(row_factory=class_row(Signal)) as cursor:
        return cursor.execute(
            """
            select it.period, it.signal_id, rule.name_zh, rule.message_zh, it.raised_by, it.level_code,
                it.household_no, it.township_code, township.name as township, village.name as village,
                it.first_seen_period, it.opened_period, it.visit_by, it.close_reason
            from marts.fct_signal as it
            inner join marts.dim_rule as rule on it.signal_id = rule.rule_id and it.county_code = rule.county_code
            left join marts.dim_region as township
                on it.township_code = township.region_code and it.county_code = township.county_code
            left join marts.dim_region as village
                on it.village_code = village.region_code and it.county_code = village.county_code
            where it.county_code = %s and it.period = %s and (it.state = 'open' or it.closed_period = it.period)
            order by it.township_code, it.village_code, it.household_no, it.signal_id
            """,
            [county_code, period],
        ).fetchall()


def send(county_code: str, period: str) -> list[str]:
    """Put the lists of a month into the outboxes of townships, register office, county and those who raised a signal.

    Returns their keys. Written over: the newest close says how the month stands. Without signals there are none.
    """
    found = signals(county_code, period)
    waiting = [one for one in found if one.close_reason is None]
    books: dict[str, Workbook] = {}
    if waiting:
        books[COUNTY_FOLDER] = _by_township(waiting)
        for department in sorted({feed_id.partition(".")[0] for feed_id in policy().universe_feeds}):
            books[department] = _by_township(waiting)
    for township, theirs in _grouped(waiting).items():
        if township is not None:
            books[township] = _by_township(theirs)
    for department in sorted({one.raised_by for one in found}):
        book = books.setdefault(department, _empty())
        _fill(book, "结果反馈", _RESULT_HEADINGS, _RESULT_WIDTHS, _results(found, department, period))
    keys = []
    for folder, book in books.items():
        target = bucket() / "outbox" / folder / period
        target.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        book.save(buffer)
        (target / FILE_NAME).write_bytes(buffer.getvalue())
        keys.append(f"outbox/{folder}/{period}/{FILE_NAME}")
    _log.info("signals pushed", period=period, workbooks=len(keys), open_signals=len(waiting))
    return keys


def _grouped(found: Iterable[Signal]) -> Mapping[str | None, list[Signal]]:
    grouped: dict[str | None, list[Signal]] = defaultdict(list)
    for one in found:
        grouped[one.township_code].append(one)
    return grouped


def _results(found: Iterable[Signal], department: str, period: str) -> list[tuple[str | int, ...]]:
    """By signal and township: new, not visited, of which late, visited, ended, left."""
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for one in found:
        if one.raised_by != department:
            continue
        count = counts[one.signal_id, one.name_zh, one.township or _NO_TOWNSHIP]
        count[one.close_reason or "open"] += 1
        count["new"] += one.opened_period == period
        count["late"] += one.close_reason is None and f"{one.visit_by:%Y-%m}" <= period
    names = ("new", "open", "late", "visited", "condition_ended", "left")
    return [(name, place, *(count[word] for word in names)) for (_, name, place), count in sorted(counts.items())]


def _empty() -> Workbook:
    from openpyxl import Workbook

    return Workbook(write_only=True)


def _by_township(found: Iterable[Signal]) -> Workbook:
    book = _empty()
    for theirs in _grouped(found).values():
        title = theirs[0].township or _NO_TOWNSHIP
        _fill(book, title[:_SHEET_TITLE_LENGTH], _HEADINGS, _WIDTHS, (one.cells for one in theirs))
    return book


def _fill(
    book: Workbook,
    title: str,
    headings: Sequence[str],
    widths: Sequence[int],
    rows: Iterable[Sequence[str | int]],
) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(title)
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "A3"
    sheet.append([_NOTE])
    cells = []
    for heading in headings:
        cell = WriteOnlyCell(sheet, heading)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="D9E2EC")
        cells.append(cell)
    sheet.append(cells)
    for row in rows:
        sheet.append(list(row))
