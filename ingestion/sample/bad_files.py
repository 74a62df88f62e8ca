"""Files that cannot be taken, files that say that nothing happened, and files that nobody asked for."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from hearth.period import Period
from ingestion.sample.catalogue import kinds
from ingestion.sample.cells import Cell
from ingestion.sample.desk import Desk
from ingestion.sample.files import damage, lock, not_a_workbook
from ingestion.sample.formats import formats
from ingestion.sample.habits import BadFile, habits
from ingestion.sample.layouts import Row
from ingestion.sample.lines import by_township, stretch
from ingestion.sample.manifest import SampleFile
from ingestion.sample.office_file import OfficeFile
from ingestion.sample.xlsx import Workbook, deflate, rows_xml
from ingestion.still import still

NOT_YET = 120
"""Months by which a file comes too early."""


def small_file(desk: Desk, rows: Sequence[Row], leave_out: str | None = None) -> bytes:
    """A whole file of few rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        file = OfficeFile(desk, path, (leave_out,) if leave_out else ())
        parts = by_township(rows, desk.habit)
        spots = file.place([(township, len(part)) for township, part in parts])
        file.add(
            stretch(township, part, spot, desk.habit, file.columns)
            for (township, part), spot in zip(parts, spots, strict=True)
        )
        file.finish()
        return path.read_bytes()


def note(lines: Sequence[Sequence[Cell]]) -> bytes:
    """A workbook of one sheet with a few lines."""
    with tempfile.TemporaryFile() as file:
        book = Workbook(file)
        book.open_sheet("Sheet1")
        for number, line in enumerate(lines, start=1):
            book.write(deflate(rows_xml([[cell] for cell in line], number)))
        book.close_sheet([])
        book.finish()
        file.seek(0)
        return file.read()


def _altered(rows: Sequence[Row], column: str, change: Callable[[int, Cell], Cell]) -> list[Row]:
    cells = [{**row.cells, column: change(number, row.cells[column])} for number, row in enumerate(rows)]
    return [Row(each, row.township, row.is_plain) for each, row in zip(cells, rows, strict=True)]


def _mixed(number: int, cell: Cell) -> Cell:
    """Every other percentage as a fraction."""
    return cell if number % 2 else f"{float(str(cell)) / 100:.4f}"


def _repacked(book: bytes, change: Callable[[openpyxl.Workbook], None]) -> bytes:
    workbook = openpyxl.load_workbook(io.BytesIO(book))
    change(workbook)
    target = io.BytesIO()
    workbook.save(target)
    return still(target.getvalue())


def _hide(workbook: openpyxl.Workbook) -> None:
    """Everything on hidden sheets beside one that says nothing."""
    for page in workbook.worksheets:
        page.sheet_state = "hidden"
    workbook.create_sheet("说明")["A1"] = "数据见各表"
    workbook.active = len(workbook.worksheets) - 1


def _header_cell(page: Worksheet, title: str) -> Any:
    return next((cell for row in page.iter_rows() for cell in row if cell.value == title), None)


def _twin(title: str) -> Callable[[openpyxl.Workbook], None]:
    """The column stands a second time behind the last one and says something else."""

    def change(workbook: openpyxl.Workbook) -> None:
        for page in workbook.worksheets:
            head = _header_cell(page, title)
            last = page.max_column + 1
            for row in range(head.row, page.max_row + 1) if head is not None else ():
                page.cell(row, last, title if row == head.row else "另一内容")

    return change


def _foreign(title: str) -> Callable[[openpyxl.Workbook], None]:
    def change(workbook: openpyxl.Workbook) -> None:
        for page in workbook.worksheets:
            head = _header_cell(page, title)
            if head is not None:
                head.value = f"{title}（户）"

    return change


def _content(desk: Desk, rows: Sequence[Row], bad: BadFile) -> bytes:
    title = desk.habit.title(desk.contract.by_name[bad.column]) if bad.column else ""
    workbook = replace(desk, habit=desk.habit.model_copy(update={"format": "xlsx"}))
    makers: Mapping[str, Callable[[], bytes]] = {
        "password": lambda: lock(small_file(workbook, rows), desk.rng("bad")),
        "truncated": lambda: (content := small_file(workbook, rows))[: len(content) * 6 // 10],
        "missing_column": lambda: small_file(desk, rows, bad.column),
        "wrong_month": lambda: small_file(replace(desk, stated=desk.period.shift(-1)), rows),
        "header_only": lambda: small_file(desk, []),
        "random_bytes": lambda: not_a_workbook(desk.rng("bad")),
        "damaged_text": lambda: damage(small_file(desk, rows)),
        "hidden_sheet": lambda: _repacked(small_file(desk, rows), _hide),
        "twin_header": lambda: _repacked(small_file(desk, rows), _twin(title)),
        "foreign_unit": lambda: _repacked(small_file(desk, rows), _foreign(title)),
        "mixed_percent": lambda: small_file(desk, _altered(rows, str(bad.column), _mixed)),
        "mostly_wrong": lambda: small_file(desk, _altered(rows, str(bad.column), lambda *_: "见附件")),
        "nil_without_reason": lambda: note([[f"{desk.contract.title}零报告"], ["签字人", "示某"]]),
        "nameless": lambda: small_file(desk, rows),
        "not_ours": lambda: small_file(desk, rows),
        "too_early": lambda: small_file(desk, rows),
    }
    return makers[bad.fault]()


def wholly_bad(desk: Desk, rows: Sequence[Row], bad: BadFile, taken: str) -> tuple[SampleFile, bytes]:
    """The office's file that must be refused; `taken`: the name of its good file, which it must not have."""
    if bad.fault == "too_early":
        desk = replace(desk, stated=desk.period.shift(NOT_YET))
    name = desk.fill(bad.file)
    if name == taken:
        name = f"{Path(name).stem}(1){Path(name).suffix}"
    content = _content(desk, rows, bad)
    entry = SampleFile.of(desk.contract.department, desk.contract.feed, desk.stated or desk.period, name)
    return replace(entry.holding(content), is_wholly_bad=True, expected_rule_id=bad.rule, fault=bad.fault), content


def nil_return(desk: Desk) -> tuple[SampleFile, bytes]:
    """The office's declaration that nothing happened: why, and who says so (F-09)."""
    title = desk.fill("{county}{year}年{month}月{title}零报告")
    content = note([[title], ["原因", "本月没有发生"], ["签字人", "示某"]])
    name = desk.fill("{prefix}零报告（{month}月）") + formats()["xlsx"].suffix
    entry = SampleFile.of(desk.contract.department, desk.contract.feed, desk.period, name)
    return replace(entry.holding(content), is_nil=True), content


def strays(period: Period) -> Iterator[tuple[SampleFile, bytes]]:
    """Files in folders that no contract knows."""
    for stray in habits().strays:
        content = note([["名称", "登记月份"], ["示例小卖部", str(period)]])
        entry = SampleFile.of(stray.department, None, period, stray.file).holding(content)
        yield replace(entry, is_wholly_bad=True, expected_rule_id=kinds()[stray.fault].rule, fault=stray.fault), content
