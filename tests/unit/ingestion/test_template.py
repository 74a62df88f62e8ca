"""Templates: what the contract says stands in them, the reader takes them back, and no cell of them is data."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from typer.testing import CliRunner

from hearth.period import Period
from hearth.settings import settings
from hearth.workdays import due_date
from ingestion import template_words as words
from ingestion.checks import run_checks
from ingestion.choices import options
from ingestion.commands import app
from ingestion.contract import Column, Contract, Kind, contracts
from ingestion.inbox import resolve
from ingestion.inspect_file import inspect_bytes
from ingestion.nil_return import check_nil_return, is_nil_return
from ingestion.read import read_table, type_table
from ingestion.reference_data import code_lists, parameters
from ingestion.sample.habits import habits
from ingestion.sample.months import months
from ingestion.sample.places import places
from ingestion.sample.records import Value
from ingestion.sample.subjects import SUBJECTS
from ingestion.table import FileProblem, Finding
from ingestion.template import (
    FIRST_ROW,
    HEADER_ROW,
    SHEET_CODES,
    SHEET_DATA,
    SHEET_HELP,
    edition,
    file_name,
    nil_form,
    nil_name,
    template,
    townships,
)

PERIOD = Period(2026, 10)
COUNTY = "530524"
BY_FEED = [pytest.param(contract, id=feed_id) for feed_id, contract in contracts().items()]
NIL = [pytest.param(contract, id=feed_id) for feed_id, contract in contracts().items() if contract.nil_allowed]


@cache
def book_bytes(feed_id: str, township: str | None = None) -> bytes:
    return template(edition(contracts()[feed_id], PERIOD, PERIOD, township), COUNTY)


def opened(data: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(data))


def typed_in(column: Column, value: Value) -> str | int | float | date | None:
    """A true value as a clerk enters it into the template."""
    labels: Mapping[str, str] = code_lists()[column.code_list].labels if column.code_list else {}
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, tuple):
        return "、".join(labels.get(item, item) for item in value) or None
    if isinstance(value, str):
        return labels.get(value, value)
    if isinstance(value, Period) or (isinstance(value, date) and column.coarser):
        return str(value)
    return value


@pytest.fixture(scope="module")
def records() -> Mapping[str, tuple[Period, list[Mapping[str, Value]]]]:
    """Feed -> a month in which it has something to report, and the sample's true rows of it."""
    assert settings().county_code == COUNTY
    found: dict[str, tuple[Period, list[Mapping[str, Value]]]] = {}
    for state in months(200, 7, places(COUNTY), [Period(2026, 9), PERIOD]):
        for feed_id in contracts():
            rows = [record.values for record in SUBJECTS[habits().feeds[feed_id].subject](state)]
            if rows:
                found[feed_id] = state.period, rows
    return found


def filled(contract: Contract, rows: list[Mapping[str, Value]], period: Period) -> bytes:
    book = opened(template(edition(contract, period, period), COUNTY))
    sheet = book[SHEET_DATA]
    for number, record in enumerate(rows, start=FIRST_ROW):
        for place, column in enumerate(words.asked(contract), start=1):
            value = number - HEADER_ROW if column.name == "serial_no" else record.get(column.name)
            sheet.cell(number, place).value = typed_in(column, value)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def judged(data: bytes, contract: Contract, period: Period) -> tuple[int, list[Finding]]:
    raw = read_table(data, file_name(contract, period), contract, period)
    typed = type_table(raw, period, COUNTY)
    checks = run_checks(typed, period, parameters(period.last_day, COUNTY))
    return len(typed.raw.rows), [*raw.findings, *typed.findings, *checks.findings]


@pytest.mark.parametrize("contract", BY_FEED)
def test_a_filled_template_is_accepted_row_by_row(
    contract: Contract, records: Mapping[str, tuple[Period, list[Mapping[str, Value]]]]
) -> None:
    period, rows = records[contract.feed_id]
    rows = rows[:60]
    count, findings = judged(filled(contract, rows, period), contract, period)
    assert [finding for finding in findings if finding.severity == "error"] == []
    assert count == len(rows)


@pytest.mark.parametrize("contract", BY_FEED)
def test_an_empty_template_is_a_header_and_no_data(contract: Contract) -> None:
    with pytest.raises(FileProblem) as refusal:
        read_table(book_bytes(contract.feed_id), file_name(contract, PERIOD), contract, PERIOD)
    assert refusal.value.rule_id == "F-08"


@pytest.mark.parametrize("contract", BY_FEED)
def test_inspecting_a_template_shows_its_header_alone(contract: Contract) -> None:
    sheet = inspect_bytes(book_bytes(contract.feed_id)).sheets[0]
    assert (sheet.title_rows, sheet.header_rows, sheet.data_rows) == ([1, 2], [3], 0)


@pytest.mark.parametrize("contract", BY_FEED)
def test_every_column_has_mark_note_format_and_rule(contract: Contract) -> None:
    book = opened(book_bytes(contract.feed_id))
    sheet = book[SHEET_DATA]
    heads = [cell.value for cell in sheet[HEADER_ROW]]
    columns = words.asked(contract)
    assert len(heads) == len(columns)
    ranges = {str(rule.sqref).split(":")[0]: rule for rule in sheet.data_validations.dataValidation}
    for place, column in enumerate(columns, start=1):
        letter, head = get_column_letter(place), sheet.cell(HEADER_ROW, place)
        assert str(head.value).startswith("*") == (words.mark(column, contract) == words.REQUIRED), column.name
        assert head.comment is not None, column.name
        assert column.title in head.comment.text, column.name
        dimension = sheet.column_dimensions[letter]
        if column.kind in (Kind.ID, Kind.ID_LIST, Kind.MONTH, Kind.CODE) or column.vault_kind:
            assert dimension.number_format == "@", column.name
        rule = ranges[f"{letter}{FIRST_ROW}"]
        assert rule.prompt, column.name
        if column.code_list is not None:
            assert rule.type == "list", column.name
            assert values_of(book, rule.formula1) == list(code_lists()[column.code_list].labels.values()), column.name
    assert sheet.freeze_panes == f"B{FIRST_ROW}"
    assert sheet.max_row == HEADER_ROW


def values_of(book: openpyxl.Workbook, formula: str) -> list[object]:
    name, places = formula.replace("'", "").replace("$", "").split("!")
    return [cell.value for (cell,) in book[name][places]]


@pytest.mark.parametrize("contract", BY_FEED)
def test_instructions_say_when_what_and_whom(contract: Contract) -> None:
    text = everything(opened(book_bytes(contract.feed_id))[SHEET_HELP])
    due = due_date(Period(2026, 10), contract.due_day)
    for part in (
        f"{due.year}年{due.month}月{due.day}日24时前",
        f"错误行超过{contract.rejection_share:.0%}整份退回",
        contract.absence_title,
        contract.grain_title,
        contract.contact,
        f"版本{contract.version}",
    ):
        assert part in text
    assert ("不能报零报告" in text) != contract.nil_allowed
    assert all(column.title in text for column in words.asked(contract))


def everything(sheet: Worksheet) -> str:
    return "\n".join(str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None)


@pytest.mark.parametrize("contract", BY_FEED)
def test_equal_contracts_give_equal_bytes(contract: Contract) -> None:
    assert template(edition(contract, PERIOD, PERIOD), COUNTY) == book_bytes(contract.feed_id)


@pytest.mark.parametrize("contract", BY_FEED)
def test_the_inbox_knows_the_template_by_its_name(contract: Contract) -> None:
    for name in (file_name(contract, PERIOD), file_name(contract, None), file_name(contract, PERIOD, "云岭镇")):
        address = resolve(f"inbox/{contract.department}/{PERIOD}/{name}", COUNTY)
        assert address.problem is None
        assert address.slot.feed == contract.feed


@pytest.mark.parametrize("contract", NIL)
def test_the_nil_form_is_one_once_it_is_filled_in(contract: Contract) -> None:
    name = nil_name(contract, PERIOD)
    data = nil_form(edition(contract, PERIOD, PERIOD))
    assert is_nil_return(name)
    with pytest.raises(FileProblem) as refusal:
        check_nil_return(data, name, contract, PERIOD, 20)
    assert (refusal.value.rule_id, refusal.value.message) == ("F-09", "零报告缺少原因和签字人")
    book = opened(data)
    book.worksheets[0]["B4"], book.worksheets[0]["B5"] = "本月没有发生", "示某"
    target = io.BytesIO()
    book.save(target)
    check_nil_return(target.getvalue(), name, contract, PERIOD, 20)
    with pytest.raises(FileProblem, match="F-05"):
        check_nil_return(target.getvalue(), name, contract, PERIOD.shift(1), 20)


def test_a_township_has_its_own_villages() -> None:
    name, villages = next(iter(townships(COUNTY).items()))
    book = opened(book_bytes("register.household", name))
    sheet = book[SHEET_DATA]
    assert str(sheet["A1"].value).startswith(name)
    (rule,) = [rule for rule in sheet.data_validations.dataValidation if "区划表" in str(rule.formula1)]
    assert values_of(book, rule.formula1) == [village.name for village in villages]
    with pytest.raises(ValueError, match="is no township"):
        book_bytes("register.household", "无此镇")


def test_a_county_without_regions_has_no_drop_down_of_places() -> None:
    book = opened(template(edition(contracts()["register.household"], PERIOD, PERIOD), "999999"))
    assert "区划表" not in book.sheetnames
    assert not any("区划表" in str(rule.formula1) for rule in book[SHEET_DATA].data_validations.dataValidation)


def test_a_template_of_another_month_is_refused_and_one_of_no_month_is_not() -> None:
    contract = contracts()["register.member"]
    data = book_bytes(contract.feed_id)
    with pytest.raises(FileProblem) as refusal:
        read_table(data, "人口表.xlsx", contract, PERIOD.shift(1))
    assert refusal.value.rule_id == "F-05"
    data = template(edition(contract, PERIOD, None), COUNTY)
    with pytest.raises(FileProblem) as refusal:
        read_table(data, "人口表.xlsx", contract, PERIOD.shift(1))
    assert refusal.value.rule_id == "F-08"


def test_labels_of_several_values_can_be_told_apart() -> None:
    for contract in contracts().values():
        for column in contract.columns:
            if column.kind is Kind.CODE_LIST:
                assert not any(mark in label for label in options(column) for mark in "、,，;；"), column.name


def test_codes_sheet_names_who_uses_the_list() -> None:
    text = everything(opened(book_bytes("water.supply"))[SHEET_CODES])
    assert "水量评价、水质评价、用水方便程度、供水保证率评价：" in text


def test_a_column_is_in_the_template_of_its_months_only() -> None:
    contract = contracts()["power.voltage"]
    late = tuple(
        replace(column, since=PERIOD) if column.name == "max_voltage_v" else column for column in contract.columns
    )
    dated = replace(contract, columns=late)
    for month, expected in ((PERIOD, True), (PERIOD.shift(-1), False)):
        sheet = opened(template(edition(dated, month, None), COUNTY))[SHEET_DATA]
        assert any("最高电压" in str(cell.value) for cell in sheet[HEADER_ROW]) == expected


def test_command_writes_a_feed_or_all_of_them(tmp_path: Path) -> None:
    run = CliRunner().invoke
    result = run(app, ["template", "--all", "--out", str(tmp_path), "--period", "2026-10"])
    assert result.exit_code == 0, result.output
    names = {path.name for path in tmp_path.rglob("*.xlsx")}
    expected = {file_name(contract, PERIOD) for contract in contracts().values()}
    expected |= {nil_name(contract, PERIOD) for contract in contracts().values() if contract.nil_allowed}
    assert names == expected
    assert run(app, ["template", "--out", str(tmp_path)]).exit_code == 2
    assert run(app, ["template", "no.feed", "--out", str(tmp_path)]).exit_code == 2
