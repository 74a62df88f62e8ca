"""2019.1 is January or October where the other dates of its row leave one of them only (GEN-20), else it goes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ingestion.contract import Kind, contracts
from ingestion.normalise.dates import DateContext
from ingestion.normalise.moments import parse_moment
from ingestion.normalise.problems import CellProblem
from ingestion.table import CellValue, TypedTable
from tests.unit.ingestion.reader_files import HOLDER, PERIOD, STARTED, column, contract, id_number, rules_of, typed_rows

RULES = tuple(rule for rule in contracts()["civil_affairs.dibao"].rules if rule.rule_id == "R-CIV-04")
STOPPED = column("stopped_month", "停保时间", Kind.MONTH)
REASON = column("stop_reason_code", "停保原因", Kind.CODE, code_list="benefit_stop")
DIBAO = contract(HOLDER, STARTED, STOPPED, REASON, rules=RULES)
WORKS = contracts()["housing.renovation"]
WORKS_RULES = tuple(rule for rule in WORKS.rules if rule.rule_id == "R-HSG-03")
WORKS_DATES = tuple(WORKS.by_name[name] for name in ("started_date", "completed_date", "accepted_date"))
PROGRESS = WORKS.by_name["progress_code"]


def started_and_stopped(*rows: tuple[CellValue, CellValue]) -> TypedTable:
    heads: list[CellValue] = ["户主证件号", "救助开始日期", "停保时间", "停保原因"]
    return typed_rows([heads, *([id_number(n), *row, "死亡"] for n, row in enumerate(rows))], DIBAO)


def works(*rows: tuple[CellValue, CellValue, CellValue]) -> TypedTable:
    heads: list[CellValue] = ["户主证件号", *(entry.title for entry in WORKS_DATES), PROGRESS.title]
    feed = contract(HOLDER, *WORKS_DATES, PROGRESS, rules=WORKS_RULES)
    return typed_rows([heads, *([id_number(n), *row, "竣工已验收"] for n, row in enumerate(rows))], feed)


@pytest.mark.parametrize(
    ("started", "stopped", "read"),
    [
        ("2019.1", "2019-03", ("2019-01", "2019-03")),  # had it begun in October it would end before it began
        (2019.1, "2019-09", ("2019-01", "2019-09")),
        ("2019-05", "2019.1", ("2019-05", "2019-10")),
        ("2019-05", 2019.1, ("2019-05", "2019-10")),
        ("2019.1", "2019-11", (None, "2019-11")),  # both are possible
        ("2019.1", "2018-11", (None, "2018-11")),  # neither is
        ("2019.1", "2019.1", (None, None)),
        ("2019.1", "不详", (None, None)),  # another mistake of the row explains nothing
        ("2019-01", "2019.1", ("2019-01", None)),
    ],
)
def test_other_dates_of_the_row(started: CellValue, stopped: CellValue, read: tuple[str | None, ...]) -> None:
    table = started_and_stopped((started, stopped))
    assert (table.data["started_month"][0].as_py(), table.data["stopped_month"][0].as_py()) == read
    refused = [name for name, value in zip(("started_month", "stopped_month"), read, strict=True) if value is None]
    said = sorted(found.columns for found in table.findings if found.severity == "error")
    assert said == [(name,) for name in refused]


def test_the_sender_is_told_what_was_read() -> None:
    (found,) = started_and_stopped(("2019.1", "2019-03")).findings
    assert (found.rule_id, found.severity, found.row) == ("S-18", "info", 2)
    assert found.message == "“救助开始日期”的“2019.1”按本行其他日期读作2019年1月"


def test_equal_cells_are_told_apart_by_their_rows() -> None:
    table = started_and_stopped(("2019.1", "2019-03"), ("2019.1", "2020-03"), ("2019.1", "2019-08"))
    assert table.data["started_month"].to_pylist() == ["2019-01", None, "2019-01"]
    assert [(found.row, found.severity) for found in table.findings] == [(2, "info"), (3, "error"), (4, "info")]


def test_one_month_that_is_settled_settles_the_next() -> None:
    table = works(("2019.1", "2019.1", "2019-06"), ("2019-05", "2019.1", "2019.1"), ("2018-12", "2019.1", "2019.1"))
    read = [tuple(table.data[entry.name].to_pylist()) for entry in WORKS_DATES]
    january, october = date(2019, 1, 1), date(2019, 10, 1)
    assert read[1] == (january, october, None)
    assert read[0] == (january, date(2019, 5, 1), date(2018, 12, 1))
    assert read[2] == (date(2019, 6, 1), october, None)
    assert table.data["completed_date_precision"].to_pylist() == ["month", "month", None]
    assert [found.row for found in table.findings if found.severity == "error"] == [4, 4]


def test_a_warning_leaves_both_months_possible() -> None:
    warnings = tuple(replace(rule, severity="warning") for rule in RULES)
    milder = contract(HOLDER, STARTED, STOPPED, REASON, rules=warnings)
    rows: list[list[CellValue]] = [["户主证件号", "救助开始日期", "停保时间", "停保原因"]]
    assert rules_of(typed_rows([*rows, [id_number(1), "2019.1", "2019-03", "死亡"]], milder)) == [(2, "S-06")]


def test_where_a_day_is_asked_neither_month_is_offered() -> None:
    rows: list[list[CellValue]] = [["户主证件号", "发放日期"], [id_number(1), "2019.1"]]
    (found,) = typed_rows(rows, contract(HOLDER, column("paid_date", "发放日期", Kind.DATE))).findings
    assert (found.rule_id, "1月" in found.message + found.fix) == ("S-06", False)
    with pytest.raises(CellProblem) as refused:
        parse_moment("2019.1", DateContext(PERIOD))
    assert (refused.value.rule_id, type(refused.value)) == ("S-06", CellProblem)


def test_of_a_year_no_month_is_asked() -> None:
    rows: list[list[CellValue]] = [["户主证件号", "年度"], [id_number(1), 2019.1]]
    table = typed_rows(rows, contract(HOLDER, column("plan_year", "年度", Kind.YEAR)))
    assert (table.data["plan_year"].to_pylist(), table.findings) == ([2019], ())
