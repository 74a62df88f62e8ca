"""Layouts that only some feeds come in, read by their real contracts: long forms, derived keys, other units."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from hearth.period import Period
from ingestion.contract import contracts
from ingestion.normalise.ids import check_character
from ingestion.read import read_table, type_table
from ingestion.table import FileProblem, TypedTable

PERIOD = Period(2026, 10)
COUNTY = "530524"
PLACE = ["昌宁县", "田园镇", "新城社区"]
PLACE_TITLES = ["县", "乡镇", "村"]


def read(feed_id: str, *rows: list[str]) -> TypedTable:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    raw = read_table(text.getvalue().encode(), "表.csv", contracts()[feed_id], PERIOD)
    return type_table(raw, PERIOD, COUNTY)


def errors(table: TypedTable) -> list[tuple[int, str]]:
    return [(found.row, found.rule_id) for found in table.findings if found.severity == "error"]


def person(n: int) -> str:
    first17 = f"530599{1950 + n}0101{n:03d}"
    return first17 + check_character(first17)


# ---------------------------------------------------------------- disability_subsidy: wide and long
LONG = [*PLACE_TITLES, "姓名", "身份证号", "残疾人证号", "残疾类别", "残疾等级", "补贴类型", "补贴金额"]
WIDE = [*LONG[:-2], "困难残疾人生活补贴", "重度残疾人护理补贴"]


def subsidy(n: int, kind: str, amount: str, *, number: str | None = None, grade: str = "2") -> list[str]:
    return [
        *PLACE,
        "赵某",
        person(n) if number is None else number,
        f"{person(n)}4{grade}",
        "肢体",
        grade,
        kind,
        amount,
    ]


def test_two_rows_of_one_person_become_one() -> None:
    table = read(
        "civil_affairs.disability_subsidy",
        LONG,
        subsidy(1, "困难残疾人生活补贴", "70"),
        subsidy(2, "重度残疾人护理补贴", "80"),
        subsidy(1, "重度残疾人护理补贴", "90"),
    )
    assert errors(table) == []
    assert table.data["living_subsidy_yuan"].to_pylist() == [Decimal("70.00"), None]
    assert table.data["care_subsidy_yuan"].to_pylist() == [Decimal("90.00"), Decimal("80.00")]
    assert [row.row for row in table.raw.rows] == [2, 3]


def test_one_subsidy_twice_with_two_amounts_is_a_duplicate() -> None:
    kind = "困难残疾人生活补贴"
    table = read("civil_affairs.disability_subsidy", LONG, subsidy(1, kind, "70"), subsidy(1, kind, "75"))
    assert errors(table) == [(2, "S-12"), (3, "S-12")]


def test_rows_that_differ_in_more_stay_apart() -> None:
    table = read(
        "civil_affairs.disability_subsidy",
        LONG,
        subsidy(1, "困难残疾人生活补贴", "70"),
        subsidy(1, "重度残疾人护理补贴", "90", grade="1"),
    )
    assert errors(table) == [(2, "S-12"), (3, "S-12")]


def test_a_faulty_row_is_named_not_merged() -> None:
    table = read(
        "civil_affairs.disability_subsidy",
        LONG,
        subsidy(1, "困难残疾人生活补贴", "70"),
        subsidy(1, "重度残疾人护理补贴", "9O"),
    )
    assert (3, "S-07") in errors(table)


def test_the_wide_form_needs_both_amounts() -> None:
    rows = subsidy(1, "70", "80")
    table = read("civil_affairs.disability_subsidy", WIDE, rows)
    assert errors(table) == []
    assert table.data["care_subsidy_yuan"].to_pylist() == [Decimal("80.00")]
    with pytest.raises(FileProblem, match="F-11"):
        read("civil_affairs.disability_subsidy", WIDE[:-1], rows[:-1])


def test_the_certificate_gives_the_id_number() -> None:
    rows = [subsidy(1, "困难残疾人生活补贴", "70", number=""), subsidy(2, "困难残疾人生活补贴", "70", number="")]
    rows[1][5] = rows[1][5][:17] + "?" + rows[1][5][18:]
    table = read("civil_affairs.disability_subsidy", LONG, *rows)
    assert table.data["id_number"].to_pylist()[0] == person(1)
    assert table.data["id_link"].to_pylist() == ["usable", "missing"]
    assert table.data["disability_certificate_number"].to_pylist()[0] == person(1) + "42"
    assert {row for row, _ in errors(table)} == {3}


# ---------------------------------------------------------------- power
def test_outages_in_hours_and_causes_in_words() -> None:
    titles = ["台区编号", "台区名称", "停电时间", "停电结束时间", "持续时间(h)"]
    told = ["停电户数", "停电性质", "停电原因", "停电描述"]
    place = ["0990001", "一号"]
    table = read(
        "power.outage",
        [*titles, *told],
        [*place, "2026-10-08 14:05", "2026/10/8 16:20:00", "2.25", "46", "故障停电", "设备故障", ""],
        [*place, "2026年10月9日8时", "2026年10月9日8时20分", "0.33", "46", "故障停电", "跌落保险熔断", "夜间"],
        [*place, "2026-10-31 23:00", "2026-11-01 02:00", "3", "46", "计划停电", "", ""],
    )
    assert errors(table) == []
    assert [str(cell) for cell in table.data["started_at"].to_pylist()[:2]] == [
        "2026-10-08 14:05:00",
        "2026-10-09 08:00:00",
    ]
    assert str(table.data["ended_at"].to_pylist()[2]) == "2026-11-01 02:00:00"
    assert table.data["duration_minutes"].to_pylist() == [135, 20, 180]
    assert table.data["outage_cause_code"].to_pylist() == ["4", None, None]
    assert table.data["outage_cause_text"].to_pylist() == [None, "夜间；跌落保险熔断", None]


def test_a_list_without_times_is_refused() -> None:
    table = read(
        "power.outage",
        ["台区编号", "台区名称", "停电时间", "送电时间", "停电户数", "停电类型"],
        ["0990001", "一号", "2026-10-08", "", "46", "故障停电"],
    )
    assert errors(table) == [(2, "S-06")]


def test_a_district_without_number_is_known_by_line_and_name() -> None:
    titles = [*PLACE_TITLES, "供电单位", "台区名称", "所属线路", "产权类型", "额定容量", "用户数(万户)", "低电压户数"]
    table = read(
        "power.transformer",
        [*titles, "是否通动力电"],
        [*PLACE, "田园供电所", "新城1号", "10kV田园线", "公变", "200", "0.0092", "0", "是"],
        [*PLACE, "田园供电所", "新城2号", "", "公变", "200", "0.0092", "0", "是"],
    )
    assert table.data["transformer_no"].to_pylist() == ["10kV田园线新城1号", None]
    assert table.data["household_count"].to_pylist() == [92, 92]
    assert errors(table) == [(3, "S-11")]


# ---------------------------------------------------------------- housing
def test_acceptance_speaks_before_completion_and_dates_may_be_months() -> None:
    titles = [
        "户主姓名",
        "身份证号",
        "纳入改造时间",
        "农户类型",
        "危房等级",
        "改造方式",
        "改造面积",
        "是否竣工",
        "是否验收",
    ]
    more = ["开工时间", "竣工时间", "验收时间", "兑付日期", "补助金额(万元)", "已兑付金额(万元)"]

    def row(n: int, built: str, accepted: str, day: str) -> list[str]:
        own = ["张某", person(n), "2026", "建档立卡贫困户", "D级", "原址翻建", "60", built, accepted]
        return [*PLACE, *own, "2026-02", "2026-04", day, "", "3.5", "0"]

    table = read(
        "housing.renovation",
        [*PLACE_TITLES, *titles, *more],
        row(1, "是", "是", "2026.05.09"),
        row(2, "是", "否", ""),
    )
    assert errors(table) == []
    assert table.data["progress_code"].to_pylist() == ["3", "2"]
    assert table.data["started_date"].to_pylist() == [date(2026, 2, 1)] * 2
    assert table.data["started_date_precision"].to_pylist() == ["month"] * 2
    assert table.data["subsidy_yuan"].to_pylist() == [Decimal("35000.00")] * 2
