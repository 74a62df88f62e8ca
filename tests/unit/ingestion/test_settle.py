"""What the values of a file settle: two columns in a cell, columns told by their values, rosters, households."""

from __future__ import annotations

import csv
import io

import pytest

from hearth.period import Period
from ingestion.contract import contracts
from ingestion.normalise.ids import check_character
from ingestion.read import read_table, type_table
from ingestion.table import FileProblem, RawTable, TypedTable
from tests.unit.ingestion.reader_files import xlsx

PERIOD = Period(2026, 10)
COUNTY = "530524"
PLACE = {"县": "昌宁县", "乡镇": "田园镇", "村": "新城社区"}


def person(n: int) -> str:
    first17 = f"520099{1950 + n}0101{n:03d}"
    return first17 + check_character(first17)


def raw(feed_id: str, *rows: dict[str, str]) -> RawTable:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    return read_table(text.getvalue().encode(), "表.csv", contracts()[feed_id], PERIOD)


def read(feed_id: str, *rows: dict[str, str]) -> TypedTable:
    return type_table(raw(feed_id, *rows), PERIOD, COUNTY)


def values(table: TypedTable, *names: str) -> list[tuple[object, ...]]:
    return list(zip(*(table.data.column(name).to_pylist() for name in names), strict=True))


def found(table: TypedTable, severity: str = "error") -> list[tuple[int, str, tuple[str, ...]]]:
    return [(f.row, f.rule_id, f.columns) for f in table.findings if f.severity == severity]


# ---------------------------------------------------------------- one cell for two columns
def absent(n: int, school: str, **more: str) -> dict[str, str]:
    return {
        **PLACE,
        "学生姓名": "示某",
        "证件号码": person(60 + n),
        "就读学校及年级": school,
        "辍学年月": "2026-09",
        "辍学原因": "因厌学",
        "当前状态": "劝返中",
        "入户劝返次数": "1",
        "最近劝返日期": "2026-10-08",
        "书面报告编号": f"示报{n}号",
        "返校日期": "",
        **more,
    }


@pytest.mark.parametrize(
    ("cell", "school", "grade"),
    [
        ("云岭中学八年级", "云岭中学", 8),
        ("云岭镇中心小学 六年级", "云岭镇中心小学", 6),
        ("云岭中学（初二）", "云岭中学", 8),
        ("云岭中学/初三2班", "云岭中学", 9),
        ("云岭民族学校3年级", "云岭民族学校", 3),
        ("云岭中学", "云岭中学", None),
        ("在家", "在家", None),
    ],
)
def test_school_and_grade_of_one_cell(cell: str, school: str, grade: int | None) -> None:
    table = read("education.dropout", absent(1, cell))
    assert found(table) == []
    assert values(table, "school_name", "grade_no") == [(school, grade)]
    assert table.raw.headers["school_name"] == "原就读学校"


def test_a_grade_column_of_its_own_is_not_touched() -> None:
    table = read("education.dropout", absent(1, "云岭中学八年级", 年级="7"))
    assert values(table, "school_name", "grade_no") == [("云岭中学", 7)]


# ---------------------------------------------------------------- the values decide the column
def tap(n: int, **more: str) -> dict[str, str]:
    row = {
        **PLACE,
        "户主姓名": "示某",
        "户主证件号码": person(n),
        "供水方式": "集中式",
        "供水工程名称": "示例工程",
        "水源类型": "自来水",
        "是否入户": "是",
        "水量评价": "达标",
        "水质评价": "达标",
        "用水方便程度": "达标",
        "供水保证率评价": "达标",
        "饮水是否安全": "安全",
        "验收鉴定书编号": f"示{n}",
        "验收日期": "2023-10",
    }
    return {name: text for name, text in (row | more).items() if text != "-"}


def test_times_of_supply_leave_the_column_of_modes() -> None:
    rows = [tap(1, 供水方式="24小时", 供水类型="集中式"), tap(2, 供水方式="定时", 供水类型="分散式")]
    table = read("water.supply", *rows)
    assert found(table) == []
    assert values(table, "supply_mode_code", "supply_time_code") == [("1", "1"), ("2", "2")]


def test_times_alone_are_no_mode() -> None:
    with pytest.raises(FileProblem, match="“供水方式”一列填的是“供水情况”") as refusal:
        raw("water.supply", tap(1, 供水方式="24小时"), tap(2, 供水方式="定时供水"))
    assert refusal.value.rule_id == "F-11"


def test_one_time_among_modes_refuses_its_row_only() -> None:
    table = read("water.supply", tap(1), tap(2, 供水方式="定时"))
    assert found(table) == [(3, "S-11", ("supply_mode_code",))]
    assert values(table, "supply_mode_code", "supply_time_code") == [("1", None), (None, "2")]


def test_words_below_a_rate_are_its_rating() -> None:
    rows = [tap(1, 供水保证率评价="-", 供水保证率="达标"), tap(2, 供水保证率评价="-", 供水保证率="基本达标")]
    table = read("water.supply", *rows)
    assert found(table) == []
    assert values(table, "reliability_percent", "reliability_rating_code") == [(None, "1"), (None, "2")]


def test_a_rate_without_a_rating_lacks_a_required_column() -> None:
    with pytest.raises(FileProblem, match="供水保证率评价") as refusal:
        raw("water.supply", tap(1, 供水保证率评价="-", 供水保证率="98"))
    assert refusal.value.rule_id == "F-11"


def test_neither_rate_nor_rating_lacks_the_column_too() -> None:
    with pytest.raises(FileProblem, match="供水保证率评价") as refusal:
        raw("water.supply", tap(1, 供水保证率评价="-"))
    assert refusal.value.rule_id == "F-11"


def test_a_rating_that_is_there_is_not_overwritten() -> None:
    table = read("water.supply", tap(1, 供水保证率="达标", 供水保证率评价="不达标"))
    assert found(table) == [(2, "S-07", ("reliability_percent",))]
    assert values(table, "reliability_rating_code") == [("3",)]


# ---------------------------------------------------------------- rosters: a row a person
def member(n: int, who: int, **more: str) -> dict[str, str]:
    return {
        **PLACE,
        "户主姓名": "示某",
        "户主身份证号": person(n),
        "成员姓名": f"示{who}",
        "成员身份证号": person(who),
        "低保类别": "农村低保",
        "家庭人口": "3",
        "保障人口": "2",
        "户月保障金": "600",
        "合计金额": "600",
        "救助开始日期": "2019-03",
        **more,
    }


def test_a_roster_is_collapsed_and_amounts_are_taken_once() -> None:
    table = read("civil_affairs.dibao", member(1, 1), member(1, 2), member(3, 3))
    assert found(table) == []
    assert values(table, "covered_id_number", "monthly_amount_yuan") == [
        ([person(1), person(2)], 600),
        ([person(3)], 600),
    ]
    assert table.raw.excluded_count == 1
    assert [row.extra["成员姓名"] for row in table.raw.rows] == ["示1、示2", "示3"]


def test_rows_of_one_certificate_that_differ_in_money_are_duplicates_still() -> None:
    table = read("civil_affairs.dibao", member(1, 1), member(1, 2, 户月保障金="700", 合计金额="700"))
    assert {rule for _, rule, _ in found(table)} == {"S-12"}
    assert len(table.raw.rows) == 2


# ---------------------------------------------------------------- a household on several rows
def inhabitant(n: int, relation: str, **more: str) -> dict[str, str]:
    return {
        **PLACE,
        "户编号": "5200990000000001",
        "姓名": f"示{'甲乙丙丁'[n]}",
        "证件号码": person(n + 1),
        "与户主关系": relation,
        "家庭人口数": "2",
        "户类型": "脱贫户",
        "脱贫户属性": "一般户",
        "脱贫属性": "已脱贫",
        "首次识别时间": "2014-03",
        "主要致贫原因": "因病",
        "监测对象类别": "",
        "识别监测时间": "",
        "致贫/返贫风险1": "",
        "风险是否已消除": "",
        "人均纯收入": "12000",
        "是否危房户": "否",
        "是否解决安全饮用水": "是",
        **more,
    }


def test_rows_of_a_household_that_agree_give_the_head() -> None:
    table = read("register.household", inhabitant(0, "户主"), inhabitant(1, "配偶"))
    assert (found(table), found(table, "warning")) == ([], [])
    assert values(table, "head_id_number", "member_count") == [(person(1), 2)]


def test_a_household_that_is_two_things_is_refused() -> None:
    rows = [inhabitant(0, "户主"), inhabitant(1, "配偶", 户类型="一般农户", 人均纯收入="11000")]
    table = read("register.household", *rows)
    assert found(table) == [(2, "RG-HH-01", ("register_class_code",))]
    assert found(table, "warning") == [(2, "RG-HH-01", ("net_income_per_capita_yuan",))]
    assert values(table, "net_income_per_capita_yuan") == [(12000,)]
    (finding,) = [f for f in table.findings if f.severity == "error"]
    assert (finding.message, finding.fix) == ("同户2行的“户类型”不一致", "请统一同户各成员行的户信息")


def test_other_households_say_nothing_of_this_one() -> None:
    rows = [inhabitant(0, "户主"), inhabitant(1, "户主", 户编号="5200990000000002", 户类型="一般农户")]
    assert found(read("register.household", *rows)) == []


# ---------------------------------------------------------------- one sheet a township
def supported(n: int, **more: str) -> dict[str, str]:
    row = {
        **PLACE,
        "姓名": "示某",
        "证件号码": person(n),
        "供养方式": "分散供养",
        "自理能力": "全自理",
        "基本生活费": "820",
        "供养开始时间": "2018-06",
    }
    return {name: text for name, text in (row | more).items() if text != "-"}


def by_sheet(sheets: dict[str, list[dict[str, str]]]) -> TypedTable:
    grids = [[list(rows[0]), *(list(row.values()) for row in rows)] for rows in sheets.values()]
    data = xlsx(*grids, names=list(sheets))
    return type_table(read_table(data, "特困.xlsx", contracts()["civil_affairs.tekun"], PERIOD), PERIOD, COUNTY)


def test_the_sheet_names_the_township_its_rows_do_not() -> None:
    table = by_sheet({"田园镇": [supported(1, 乡镇="-")], "漭水镇": [supported(2, 乡镇="-", 村="沿江村")]})
    assert [row[0] for row in values(table, "township_name")] == ["田园镇", "漭水镇"]
    assert all(code is not None for (code,) in values(table, "region_code")[:1])


def test_the_sheet_names_the_mode_of_support_and_no_other_sheet_does() -> None:
    table = by_sheet({"集中供养": [supported(1, 供养方式="-")], "分散供养": [supported(2, 供养方式="-")]})
    assert values(table, "support_mode_code") == [("1",), ("2",)]
    with pytest.raises(FileProblem, match="供养方式"):
        by_sheet({"名单": [supported(1, 供养方式="-")]})


def test_what_a_row_says_itself_beats_the_sheet() -> None:
    table = by_sheet({"集中供养": [supported(1), supported(2, 供养方式="")]})
    assert values(table, "support_mode_code") == [("2",), ("1",)]
