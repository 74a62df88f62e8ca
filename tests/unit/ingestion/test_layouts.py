"""The same rows, however an office saves them, give the same typed table (layouts L1 to L13)."""

from __future__ import annotations

import io
from collections.abc import Callable

import openpyxl
import pytest

from ingestion.contract import Header, Kind, RowFilter, contracts
from ingestion.table import CellValue, FileProblem
from tests.unit.ingestion.reader_files import (
    ALLOWANCE,
    HEADER,
    HOLDER,
    NAME,
    PERIOD,
    cells,
    column,
    contract,
    csv_text,
    html_table,
    id_number,
    people,
    read,
    rules_of,
    typed,
    xls,
    xlsx,
    xml2003,
)

ROWS = [HEADER, *people(20)]


def _wrapped(rows: list[list[str]]) -> str:
    return csv_text([[f'="{cell}"' for cell in row] for row in rows])


LAYOUTS: dict[str, Callable[[], bytes]] = {
    "xlsx": lambda: xlsx(ROWS),
    "xls": lambda: xls(ROWS),
    "utf-8": lambda: csv_text(ROWS).encode(),
    "utf-8-sig": lambda: csv_text(ROWS).encode("utf-8-sig"),
    "utf-16": lambda: csv_text(ROWS).encode("utf-16"),
    "gb18030": lambda: csv_text(ROWS).encode("gb18030"),
    "semicolon": lambda: csv_text(ROWS, ";").encode(),
    "tab": lambda: csv_text(ROWS, "\t").encode("gb18030"),
    "wrapped": lambda: _wrapped(ROWS).encode("gb18030"),
    "html utf-8": lambda: html_table(ROWS).encode(),
    "html gb18030": lambda: html_table(ROWS).encode("gb18030"),
    "xml2003": lambda: xml2003(ROWS).encode(),
}


@pytest.fixture(scope="module")
def expected() -> object:
    table = typed(csv_text(ROWS).encode())
    assert table.findings == ()
    assert table.data.num_rows == 20
    return table.data


@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_truth_in_every_layout(layout: str, expected: object) -> None:
    table = typed(LAYOUTS[layout]())
    assert table.findings == ()
    assert table.data.equals(expected)


def test_types_and_derived_columns(expected: object) -> None:
    first = typed(LAYOUTS["xlsx"]()).data.to_pylist()[0]
    assert first["head_name"] == "李某某"
    assert first["category_code"] == "02"
    assert str(first["monthly_amount_yuan"]) == "200.00"
    assert first["started_month"] == "2010-01"
    assert first["region_code"] == "530524101204"
    assert first["is_safe"] is True
    assert (first["sex_from_id"], first["id_link"]) == ("2", "usable")
    assert first["birth_from_id"].isoformat() == "1950-01-01"
    assert first["age"] == 76


def test_numbers_of_a_workbook_stay_numbers(expected: object) -> None:
    rows: list[list[CellValue]] = [list(row) for row in ROWS]
    for row in rows[1:]:
        row[0], row[5], row[6] = int(str(row[0])), int(str(row[5])), float(str(row[6]))
    for data in (xlsx(rows), xls(rows)):
        assert typed(data).data.equals(expected)


def test_ledger_with_titles_units_and_footers(expected: object) -> None:
    rows: list[list[CellValue]] = [
        ["昌宁县2026年10月农村低保发放名单"],
        ["填报单位：县民政局", None, None, "单位：万元", None, "填报时间：2026年11月5日"],
        *cells([HEADER, *([*row[:6], f"{float(row[6]) / 10000:.8f}", *row[7:]] for row in ROWS[1:])]),
        ["合计", None, None, None, None, 70, 0.5],
        ["填表人：李某", None, None, "审核：张某"],
        ["注：本表一式两份"],
    ]
    raw = read(xlsx(rows, merges=["A1:K1"]))
    assert raw.excluded_count == 3
    assert raw.stated_periods == ("2026-10",)
    assert raw.rows[0].row == 4
    assert raw.headers["monthly_amount_yuan"] == "户月保障金(万元)"
    assert typed(xlsx(rows, merges=["A1:K1"])).data.equals(expected)


def test_merged_header_of_two_rows_with_marks_and_ordinals(expected: object) -> None:
    upper: list[CellValue] = [
        "序号",
        "基本信息",
        None,
        None,
        None,
        "*家庭人口（人）",
        "补助",
        None,
        None,
        None,
        "是否 安全",
    ]
    lower: list[CellValue] = [
        None,
        "1.乡镇",
        "A2行政村",
        "*户主\n姓名",
        "★户主证件号",
        None,
        "户月保障金(元)",
        "低保类别",
    ]
    lower += ["救助开始日期", "发放日期", None]
    data = xlsx(
        [["低保名单"], upper, lower, *ROWS[1:]],
        merges=["A1:K1", "A2:A3", "B2:E2", "F2:F3", "G2:J2", "K2:K3"],
    )
    assert typed(data).data.equals(expected)


def test_same_leaf_under_two_parents() -> None:
    feed = contract(
        HOLDER,
        column("resident_yuan", "居民-金额", Kind.DECIMAL),
        column("employee_yuan", "职工-金额", Kind.DECIMAL),
    )
    upper: list[CellValue] = ["户主证件号", "居民", "职工"]
    lower: list[CellValue] = [None, "金额", "金额"]
    table = typed(xlsx([upper, lower, [id_number(1), "1", "2"]], merges=["A1:A2"]), feed)
    assert [str(table.data[name][0]) for name in ("resident_yuan", "employee_yuan")] == ["1.00", "2.00"]


def test_group_rows_subtotals_and_repeated_headers(expected: object) -> None:
    body = ROWS[1:]
    rows: list[list[CellValue]] = [
        ["低保名单"], [*HEADER], ["田园镇（10户）"],
        *cells(body[:10]), ["小计", None, None, None, None, 30],
        ["低保名单"], [*HEADER], ["更戛乡（10户）"],
        *cells(body[10:]), [None, None, "小 计", None, None, 40],
    ]  # fmt: skip
    table = typed(xlsx(rows))
    assert table.data.equals(expected)
    assert table.raw.excluded_count == 6


def test_one_sheet_per_township_and_empty_sheets(expected: object) -> None:
    data = xlsx(
        ROWS[:11], [], [HEADER, *ROWS[11:]], [["总人数", "户数"], [70, 20]],
        names=["田园镇", "Sheet2", "漭水镇", "统计"],
    )  # fmt: skip
    table = typed(data)
    assert table.data.equals(expected)
    assert {row.sheet for row in table.raw.rows} == {"田园镇", "漭水镇"}
    assert table.raw.rows[10].row == 2


def test_a_township_sheet_with_one_title_misspelt_is_not_dropped() -> None:
    wrong = ["户主身份号" if title == "户主证件号" else title for title in HEADER]
    with pytest.raises(FileProblem, match="工作表“漭水镇”") as caught:
        read(xlsx(ROWS[:5], [wrong, *ROWS[5:]], names=["田园镇", "漭水镇"]))
    assert caught.value.rule_id == "F-11"
    assert "“户主身份号”是否为该列" in caught.value.message


def test_cells_merged_over_rows_are_filled_inside_the_range_only() -> None:
    rows: list[list[CellValue]] = [
        ["乡镇", "行政村", "户主姓名", "户主证件号", "家庭人口"],
        ["田园镇", "右文社区", "张某", id_number(1), "2"],
        [None, None, "李某", id_number(2), "2"],
        [None, "右文社区", "王某", id_number(3), "2"],
    ]
    table = typed(xlsx(rows, merges=["A2:A3", "B2:B3"]))
    assert table.data["township_name"].to_pylist() == ["田园镇", "田园镇", None]
    assert table.data["region_code"].to_pylist() == ["530524101204", "530524101204", None]


def test_instruction_placeholder_number_and_example_rows_are_no_data() -> None:
    width = len(HEADER)
    rows: list[list[CellValue]] = [
        [
            "填表说明：一、本表由乡镇填写，2025年3月文件要求的各项都要填写，数字用阿拉伯数字，不得改动表头，也不得增加或删除任何一列，多谢配合。"
        ],
        [*HEADER],
        [None] * width,
        [f"{{.field{n}}}" for n in range(width)],
        [str(n + 1) for n in range(width)],
        ["示例", "田园镇", "右文社区", "某某", id_number(500), "3", "100", "农村低保", "2020-01", "2026-10-01", "是"],
        [*people(1)[0]],
    ]
    table = typed(xlsx(rows))
    assert table.data.num_rows == 1
    assert table.raw.rows[0].row == 7
    assert table.raw.excluded_count == 3


def test_household_rows_are_taken_from_a_person_grain_export() -> None:
    relation = column("relation_code", "与户主关系", Kind.CODE, code_list="relation", loaded=False)
    feed = contract(HOLDER, NAME, relation, row_filter=RowFilter("relation_code", "02"))
    rows: list[list[CellValue]] = [["户主证件号", "户主姓名", "与户主关系"]]
    rows += [[id_number(n), "张某", word] for n, word in enumerate(["户主", "配偶", "02", "之子", None, "邻居"])]
    raw = read(xlsx(rows), feed)
    assert [row.row for row in raw.rows] == [2, 4, 6, 7]  # nothing is lost because its relation is unreadable
    assert raw.filtered_count == 2


@pytest.mark.parametrize(
    ("tick", "gathered"), [(["是", "否", None], ["01"]), (["√", "1", "×"], ["01", "02"]), ([None, None, None], None)]
)
def test_tick_columns_are_gathered(tick: list[CellValue], gathered: list[str] | None) -> None:
    headers = [
        Header("产业帮扶", mapping={"是": "01", "否": ""}),
        Header("就业帮扶", mapping={"是": "02", "否": ""}),
        Header("金融帮扶", mapping={"是": "03", "否": ""}),
    ]
    feed = contract(HOLDER, column("measure_code", "帮扶措施", Kind.CODE_LIST, code_list="measure", headers=headers))
    table = typed(
        xlsx([["户主证件号", "产业帮扶", "就业帮扶", "金融帮扶"], [id_number(1), *tick], [id_number(2)]]), feed
    )
    assert table.data["measure_code"].to_pylist()[0] == gathered


def test_numbered_value_columns_are_gathered() -> None:
    risk = column("risk_code", "致贫/返贫风险1", Kind.CODE_LIST, code_list="poverty_cause", headers=["致贫/返贫风险2"])
    feed = contract(HOLDER, risk)
    rows: list[list[CellValue]] = [["户主证件号", "致贫/返贫风险1", "致贫/返贫风险2"]]
    rows += [[id_number(1), "因学", "因病"], [id_number(2), None, "03"], [id_number(3), "因病", "胡说"]]
    table = typed(xlsx(rows), feed)
    assert table.data["risk_code"].to_pylist() == [["01", "03"], ["03"], None]
    assert rules_of(table) == [(4, "S-10")]


def test_xls_whose_text_bytes_were_never_decoded() -> None:
    rows = [[cell.encode("gb18030").decode("latin-1") for cell in row] for row in ROWS[:4]]
    assert typed(xls(rows)).data.num_rows == 3


def test_html_spans() -> None:
    page = (
        "<table><tr><th colspan=5>名单</th></tr>"
        "<tr><td rowspan=2>乡镇</td><td rowspan=2>行政村</td><td colspan=2>户主</td><td rowspan=2>家庭人口</td></tr>"
        "<tr><td>户主<br>姓名</td><td>户主&nbsp;证件号</td></tr>"
        f"<tr><td rowspan=2>田园镇</td><td>右文社区</td><td>张某</td><td>{id_number(1)}</td><td>2</td></tr>"
        f"<tr><td>龙泉社区</td><td>李某</td><td>{id_number(2)}</td><td>3</td></tr></table>"
    )
    table = typed(page.encode("gb18030"))
    assert table.data["township_name"].to_pylist() == ["田园镇", "田园镇"]
    assert table.data["member_count"].to_pylist() == [2, 3]


def test_every_shipped_contract_has_unambiguous_headers() -> None:
    from ingestion.reader.headers import HeaderIndex

    for feed in contracts().values():
        index = HeaderIndex(feed, PERIOD)
        for one in feed.columns:
            match = index.match(one.title)
            assert match is not None
            assert match.column.name == one.name


def test_rows_begin_where_the_sender_sees_them() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for c, title in enumerate(HEADER):
        sheet.cell(4, c + 2, title)
        sheet.cell(6, c + 2, people(1)[0][c])
    stream = io.BytesIO()
    book.save(stream)
    raw = read(stream.getvalue())
    assert [row.row for row in raw.rows] == [6]
    assert raw.letters["Sheet", "head_id_number"] == "F"
    assert raw.contract is ALLOWANCE
