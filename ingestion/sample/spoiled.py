"""Files that cannot be taken as a whole, each spoiled in the way its kind says."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from openpyxl import load_workbook

from hearth.period import Period
from ingestion.contract import Column, Contract
from ingestion.sample.cells import Cell
from ingestion.sample.files import damage, encode, lock, not_a_workbook, to_xlsx
from ingestion.sample.habits import BadFile, Habit
from ingestion.sample.layouts import Row, Sheet, lay_out
from ingestion.still import still

NOT_YET = 120
"""Months by which a file comes too early."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The file as it would be if nothing were wrong with it."""

    habit: Habit
    contract: Contract
    period: Period
    county: str
    rows: Sequence[Row]
    rng: Random

    @property
    def columns(self) -> list[Column]:
        return self.habit.columns(self.contract)

    def sheets(
        self,
        habit: Habit | None = None,
        columns: Sequence[Column] | None = None,
        rows: Sequence[Row] | None = None,
        stated: Period | None = None,
    ) -> list[Sheet]:
        """The office's layout, but for what is named; `stated` is the month its titles name."""
        shown = self.rows if rows is None else rows
        words = (stated or self.period, self.county)
        return lay_out(habit or self.habit, self.contract, columns or self.columns, shown, words=words)


def _missing_column(draft: Draft, bad: BadFile) -> bytes:
    columns = [column for column in draft.columns if column.name != bad.column]
    # A parent header over the missing column would go with it.
    groups = tuple(
        group.model_copy(update={"columns": tuple(name for name in group.columns if name != bad.column)})
        for group in draft.habit.groups
    )
    habit = draft.habit.model_copy(update={"groups": groups})
    return encode(draft.sheets(habit, columns), habit)


def _hidden(draft: Draft, bad: BadFile) -> bytes:  # noqa: ARG001 - one shape for all
    """Everything on hidden sheets behind an empty one that is shown."""
    workbook = load_workbook(io.BytesIO(to_xlsx([*draft.sheets(), Sheet("说明", [["数据见各表"]])])))
    for page in workbook.worksheets[:-1]:
        page.sheet_state = "hidden"
    workbook.active = len(workbook.worksheets) - 1
    target = io.BytesIO()
    workbook.save(target)
    return still(target.getvalue())


def _header_row(sheet: Sheet, title: str) -> int:
    return next(number for number, row in enumerate(sheet.rows) if title in row)


def _titled(draft: Draft, bad: BadFile) -> tuple[Column, str]:
    column = draft.contract.by_name[bad.column or ""]
    return column, draft.habit.title(column)


def _twin_header(draft: Draft, bad: BadFile) -> bytes:
    """The column stands a second time behind the last one and says something else."""
    _, title = _titled(draft, bad)
    sheets = draft.sheets()
    for sheet in sheets:
        first = _header_row(sheet, title) if sheet.rows else 0
        height = 2 if draft.habit.groups else 1
        for number, row in enumerate(sheet.rows[first:]):
            row.extend([None] * (len(draft.columns) - len(row)))
            extra: Cell = title if number == 0 else None if number < height else "另一内容"
            row.append(extra)
    return encode(sheets, draft.habit)


def _foreign_unit(draft: Draft, bad: BadFile) -> bytes:
    _, title = _titled(draft, bad)
    sheets = draft.sheets()
    for sheet in sheets:
        for row in sheet.rows:
            row[:] = [f"{cell}（户）" if cell == title else cell for cell in row]
    return encode(sheets, draft.habit)


def _mixed_percent(draft: Draft, bad: BadFile) -> bytes:
    """Every other row as a fraction."""
    rows = [Row(dict(row.cells), row.township, row.is_plain) for row in draft.rows]
    for row in rows[::2]:
        row.cells[bad.column or ""] = f"{float(str(row.cells[bad.column or ''])) / 100:.4f}"
    return encode(draft.sheets(rows=rows), draft.habit)


def _mostly_wrong(draft: Draft, bad: BadFile) -> bytes:
    rows = [Row({**row.cells, bad.column or "": "见附件"}, row.township, row.is_plain) for row in draft.rows]
    return encode(draft.sheets(rows=rows), draft.habit)


def _nil_without_reason(draft: Draft, bad: BadFile) -> bytes:  # noqa: ARG001 - one shape for all
    return to_xlsx([Sheet("Sheet1", [[f"{draft.contract.title}零报告"], ["签字人", "示某"]])])


def _whole(draft: Draft, bad: BadFile) -> bytes:  # noqa: ARG001 - one shape for all
    """Nothing is wrong with what is in it."""
    return encode(draft.sheets(), draft.habit)


_MAKERS: Mapping[str, Callable[[Draft, BadFile], bytes]] = {
    "password": lambda draft, _bad: lock(to_xlsx(draft.sheets()), draft.rng),
    "truncated": lambda draft, _bad: (content := to_xlsx(draft.sheets()))[: len(content) * 6 // 10],
    "missing_column": _missing_column,
    "wrong_month": lambda draft, _bad: encode(draft.sheets(stated=draft.period.shift(-1)), draft.habit),
    "header_only": lambda draft, _bad: encode(draft.sheets(rows=[]), draft.habit),
    "random_bytes": lambda draft, _bad: not_a_workbook(draft.rng),
    "damaged_text": lambda draft, _bad: damage(encode(draft.sheets(), draft.habit)),
    "hidden_sheet": _hidden,
    "twin_header": _twin_header,
    "foreign_unit": _foreign_unit,
    "mixed_percent": _mixed_percent,
    "mostly_wrong": _mostly_wrong,
    "nil_without_reason": _nil_without_reason,
    "nameless": _whole,
    "not_ours": _whole,
    "too_early": lambda draft, _bad: encode(draft.sheets(stated=draft.period.shift(NOT_YET)), draft.habit),
}


def spoil(draft: Draft, bad: BadFile) -> bytes:
    """The bytes of the file. Raises KeyError for a fault that is none of whole files."""
    return _MAKERS[bad.fault](draft, bad)


def folder_month(period: Period, bad: BadFile) -> Period:
    """The month in whose folder the file is put."""
    return period.shift(NOT_YET) if bad.fault == "too_early" else period
