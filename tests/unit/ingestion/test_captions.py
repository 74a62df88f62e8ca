"""What captions in mid-data say of the rows below them, and spans of time in several units (GEN-11, GEN-25)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hearth.period import Period
from ingestion.contract import contracts
from ingestion.normalise.numbers import one_unit, parse_decimal, parse_int
from ingestion.normalise.problems import CellProblem
from ingestion.read import read_table, type_table
from tests.integration.ingestion import dibao_files
from tests.unit.ingestion.reader_files import xlsx


def test_a_caption_names_the_place_of_the_rows_below_it_where_the_contract_says_so() -> None:
    contract = contracts()["civil_affairs.dibao"]
    people = dibao_files.good(4)
    names = [name for name in dibao_files.HEADERS if name != "region_code"]
    for row in people:
        row["township_name"] = row["village_name"] = None
    body: list[list[Any]] = [[row.get(name) for name in names] for row in people]
    body[3][names.index("village_name")] = "九塘村"
    captions: list[list[Any]] = [["田园镇（2户）"], ["新城社区（2户）"], ["测绘队（1户）"], ["田园镇"]]
    sheet = [[dibao_files.HEADERS[name] for name in names], captions[0], captions[1], body[0], body[1]]
    sheet += [captions[2], body[2], captions[3], body[3]]
    table = read_table(xlsx(sheet), "低保.xlsx", contract, Period(2026, 10))
    places = [(row.cells.get("township_name"), row.cells.get("village_name")) for row in table.rows]
    assert places == [("田园镇", "新城社区"), ("田园镇", "新城社区"), (None, None), ("田园镇", "九塘村")]
    other = replace(contract, columns=tuple(replace(column, from_caption=False) for column in contract.columns))
    table = read_table(xlsx(sheet), "低保.xlsx", other, Period(2026, 10))
    assert [row.cells.get("township_name") for row in table.rows] == [None] * 4


@pytest.mark.parametrize(
    ("cell", "minutes"),
    [
        ("1小时30分", 90),
        ("1天2小时", 1560),
        ("2 小时 5 分钟", 125),
        ("1天1小时1min", 1501),
        ("90", 90),
        ("1.5小时", 90),
    ],
)
def test_a_span_of_several_units_is_one_figure(cell: str, minutes: int) -> None:
    assert parse_int(cell, unit="min") == minutes
    assert parse_decimal(cell, unit="min") == minutes


@pytest.mark.parametrize("cell", ["30分1小时", "1小时30", "1小时-30分", "1元30分"])
def test_what_is_no_span_is_sent_back(cell: str) -> None:
    with pytest.raises(CellProblem):
        parse_int(cell, unit="min")


def test_other_columns_know_no_spans() -> None:
    assert one_unit("1天2小时", "元") == "1天2小时"
    assert one_unit(None, "min") is None


def test_a_conversion_is_told_once() -> None:
    rows = [[row.get(name) for name in dibao_files.HEADERS] for row in dibao_files.good(3)]
    place = list(dibao_files.HEADERS).index("monthly_amount_yuan")
    for row in rows:
        row[place] = "0.06万元"
    raw = read_table(
        xlsx([list(dibao_files.HEADERS.values()), *rows]),
        "低保.xlsx",
        contracts()["civil_affairs.dibao"],
        Period(2026, 10),
    )
    typed = type_table(raw, Period(2026, 10), "530524")
    said = [(found.rule_id, found.severity, found.message) for found in typed.findings if found.row == 0]
    assert [found[:2] for found in said] == [("S-08", "info")]
    assert "由万元换算为元" in said[0][2]
