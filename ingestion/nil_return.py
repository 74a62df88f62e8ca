"""Nil returns (F-08, F-09): a department says, with a reason and a signature, that the month has nothing to report.

A file whose name holds 零报告 is one. Somewhere in it stand two labels, 原因 and 签字人, each with its value in the
next cell to the right, in the cell below, or behind a colon in the same cell. Reason and signer stay in the
archived file: neither goes into the ledger, for both may name people.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hearth.period import Period
from ingestion.contract import Contract
from ingestion.normalise.problems import file_problem
from ingestion.normalise.text import as_text, is_blank, nfkc
from ingestion.read import months_disagree, open_book
from ingestion.reader.assemble import assemble
from ingestion.reader.grid import Book, Grid, cell_at
from ingestion.reader.headers import HeaderIndex, find_header
from ingestion.reader.titles import months_of_file_name, stated_months

MARK = "零报告"
_LABELS: Mapping[str, str] = {
    "原因": "reason",
    "零报告原因": "reason",
    "无数据原因": "reason",
    "签字人": "signer",
    "签字": "signer",
    "签名": "signer",
}
_TITLES: Mapping[str, str] = {"reason": "原因", "signer": "签字人"}
_SAME_CELL = re.compile(r"^([^:]{2,6}):(.*)$", re.DOTALL)
_A_TABLE = 3
"""A row with this many of the feed's titles is a header; fewer may be the words of the return itself."""


def is_nil_return(file_name: str) -> bool:
    """True if the name of the file declares a nil return."""
    return MARK in "".join(nfkc(file_name).split())


def check_nil_return(data: bytes, file_name: str, contract: Contract, period: Period, scan_rows: int) -> None:
    """Accept a nil return, or raise FileProblem: F-09 (not allowed, no reason, no signer, data rows), F-05 (another
    month), F-01, F-02, F-07 (unreadable)."""
    if not contract.nil_allowed:
        raise file_problem("F-09", message="本表不能报零报告", fix="本表每月都应有数据，请报送数据；有疑问请联系登记办")
    book = open_book(data, period)
    found: dict[str, str] = {}
    for grid in book.grids:
        grid.rows = list(grid.rows)  # cells are blanked out below
        if not grid.is_hidden:
            _take_labels(grid, found)
    missing = [title for what, title in _TITLES.items() if not found.get(what)]
    if missing:
        raise file_problem("F-09", message="零报告缺少{what}", what="和".join(missing))
    _refuse_rows(book, contract, period, scan_rows)
    _check_month(book, file_name, period)


def _label(text: str) -> str:
    return re.sub(r"[\s:*_]", "", nfkc(text))


def _take_labels(grid: Grid, found: dict[str, str]) -> None:
    """Note the values of the labels of a sheet and blank out both, so that what is left can be looked at for data."""
    used: list[tuple[int, int]] = []
    for r, row in enumerate(grid.rows):
        for c, cell in enumerate(row):
            if not isinstance(cell, str):
                continue
            label, place, value = _value_of(grid, r, c, as_text(cell))
            if label is None:
                continue
            used += [(r, c), place]
            if value and not found.get(label):
                found[label] = value
    for r, c in used:
        if r < len(grid.rows) and c < len(grid.rows[r]):
            grid.rows[r][c] = None


def _value_of(grid: Grid, r: int, c: int, text: str) -> tuple[str | None, tuple[int, int], str]:
    """Label, place of the value, and the value; an empty text where nothing is filled in."""
    same = _SAME_CELL.match(nfkc(text))
    if same is not None and same[2].strip() and _label(same[1]) in _LABELS:
        return _LABELS[_label(same[1])], (r, c), "" if is_blank(same[2], nothing_is_blank=True) else same[2].strip()
    label = _LABELS.get(_label(text))
    if label is None:
        return None, (r, c), ""
    right = next(
        (n for n in range(c + 1, len(grid.rows[r])) if not is_blank(grid.rows[r][n], nothing_is_blank=True)), None
    )
    for place in ((r, c + 1 if right is None else right), (r + 1, c)):
        value = as_text(cell_at(grid.rows, *place))
        if not is_blank(value, nothing_is_blank=True) and _label(value) not in _LABELS:
            return label, place, value
    return label, (r, c), ""


def _refuse_rows(book: Book, contract: Contract, period: Period, scan_rows: int) -> None:
    index = HeaderIndex(contract, period)
    for grid in book.grids:
        layout = find_header(grid, contract, index, scan_rows)
        if layout is not None and len(layout.columns) >= _A_TABLE and assemble(grid, layout).rows:
            raise file_problem(
                "F-09",
                message="零报告里有数据行",
                fix="有数据请按普通报表报送，文件名去掉“零报告”；没有数据请删去数据行",
            )


def _check_month(book: Book, file_name: str, period: Period) -> None:
    texts = [as_text(cell) for grid in book.grids for row in grid.rows for cell in row if isinstance(cell, str)]
    places = {
        "文件名": set(months_of_file_name(file_name, period)),
        "标题": {month for text in texts for month in stated_months(text, period)},
    }
    for place, months in places.items():
        if months and str(period) not in months:
            raise months_disagree(place, months, period)
