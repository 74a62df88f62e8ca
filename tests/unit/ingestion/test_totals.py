"""Totals that disagree with the rows, amounts in the wrong unit, n-th titles."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingestion.contract import Header, Kind
from ingestion.table import CellValue
from tests.unit.ingestion.reader_files import (
    AMOUNT,
    HOLDER,
    MEMBERS,
    column,
    contract,
    id_number,
    typed,
    xlsx,
)

FEED = contract(HOLDER, MEMBERS, AMOUNT)
TITLES: list[CellValue] = ["户主证件号", "家庭人口", "户月保障金"]


def _rows(*sizes: int) -> list[list[CellValue]]:
    return [[id_number(n), size, 100.5 * size] for n, size in enumerate(sizes)]


def _notes(rows: list[list[CellValue]]) -> list[str]:
    return [found.message for found in typed(xlsx([TITLES, *rows]), FEED).findings if found.row == 0]


def test_a_total_that_agrees_says_nothing() -> None:
    assert _notes([*_rows(1, 2, 3), ["合计", 6, 603]]) == []
    assert _notes([*_rows(1, 2, 3), ["合计", None, "603.00"]]) == []
    assert _notes([*_rows(1, 2, 3), ["合计", None, "见附表"]]) == []


def test_a_total_that_disagrees_is_a_warning_by_title() -> None:
    assert _notes([*_rows(1, 2, 3), ["合计", 7, 603]]) == ["工作表“Sheet1”合计行与明细不符：家庭人口"]
    found = typed(xlsx([TITLES, *_rows(1, 2, 3), ["总 计", 6, 9999]]), FEED).findings
    assert [(one.rule_id, one.severity, one.row) for one in found] == [("S-15", "warning", 0)]


def test_subtotals_are_those_of_their_group() -> None:
    rows: list[list[CellValue]] = [["甲村（2户）"], *_rows(1, 2), ["小计", 3, 301.5], ["乙村（1户）"]]
    last: list[CellValue] = [id_number(9), 4, 402]
    assert _notes([*rows, last, ["小计", 4, 402], ["合计", 7, 703.5]]) == []
    assert _notes([*rows, last, ["小计", 5, 402], ["合计", 7, 703.5]]) == ["工作表“Sheet1”合计行与明细不符：家庭人口"]
    rows[4] = ["乙村（3户）"]
    assert "1处分组标注" in _notes([*rows, last, ["小计", 4, 402]])[0]


PAID = replace(AMOUNT, amount_band="dibao")


@pytest.mark.parametrize(
    ("amounts", "is_odd"), [([430, 860, 300, 900, 410], False), ([0.04, 0.08, 0.03, 0.09, 0.04], True)]
)
def test_a_median_out_of_band_is_a_warning(amounts: list[float], is_odd: bool) -> None:
    rows: list[list[CellValue]] = [[id_number(n), 1, amount] for n, amount in enumerate(amounts)]
    found = typed(xlsx([TITLES, *rows]), contract(HOLDER, MEMBERS, PAID)).findings
    assert [(one.rule_id, one.severity) for one in found] == ([("S-08", "warning")] if is_odd else [])


def test_few_amounts_say_nothing_of_their_unit() -> None:
    assert typed(xlsx([TITLES, [id_number(1), 1, 0.04]]), contract(HOLDER, MEMBERS, PAID)).findings == ()


def test_the_nth_of_equal_titles_can_be_claimed() -> None:
    second = column("second_yuan", "二次金额", Kind.DECIMAL, headers=[Header("金额#2")])
    first = column("first_yuan", "金额", Kind.DECIMAL)
    data = xlsx([["户主证件号", "金额(元)", "金额（元）"], [id_number(1), "1", "2"]])
    table = typed(data, contract(HOLDER, first, second))
    assert [str(table.data[name][0]) for name in ("first_yuan", "second_yuan")] == ["1.00", "2.00"]
