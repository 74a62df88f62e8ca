"""Files that cannot be taken, files that say that nothing happened, and files that nobody asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hearth.period import Period
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


def _content(desk: Desk, rows: Sequence[Row], bad: BadFile) -> bytes:
    workbook = replace(desk, habit=desk.habit.model_copy(update={"format": "xlsx"}))
    makers: Mapping[str, Callable[[], bytes]] = {
        "password": lambda: lock(small_file(workbook, rows), desk.rng("bad")),
        "truncated": lambda: (content := small_file(workbook, rows))[: len(content) * 6 // 10],
        "missing_column": lambda: small_file(desk, rows, bad.column),
        "wrong_month": lambda: small_file(replace(desk, stated=desk.period.shift(-1)), rows),
        "header_only": lambda: small_file(desk, []),
        "random_bytes": lambda: not_a_workbook(desk.rng("bad")),
        "damaged_text": lambda: damage(small_file(desk, rows)),
    }
    return makers[bad.fault]()


def wholly_bad(desk: Desk, rows: Sequence[Row], taken: str) -> tuple[SampleFile, bytes]:
    """The office's file that must be refused; `taken`: the name of its good file, which it must not have."""
    bad = desk.habit.wholly_bad
    if bad is None:
        raise ValueError(f"[{desk.contract.feed_id}] sends no bad file")
    name = desk.fill(bad.file)
    if name == taken:
        name = f"{Path(name).stem}(1){Path(name).suffix}"
    content = _content(desk, rows, bad)
    entry = SampleFile.of(desk.contract.department, desk.contract.feed, desk.period, name)
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
        yield replace(entry, is_wholly_bad=True, expected_rule_id=stray.rule, fault="stray"), content
