"""Rows to typed columns: blanks, defaults, duplicates, rates, places, people, and what the sender is told."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ingestion.contract import Demand, Header, Kind, contracts
from ingestion.normalise.typed import typed_schema
from ingestion.table import CellValue, FileProblem
from tests.unit.ingestion.reader_files import (
    CATEGORY,
    HOLDER,
    NAME,
    TOWNSHIP,
    VILLAGE,
    column,
    contract,
    csv_text,
    id_number,
    rules_of,
    typed,
    typed_rows,
)


def one_column(
    cells: list[CellValue], kind: Kind, name: str = "tested", **options: Any
) -> tuple[list[object], list[tuple[int, str]]]:
    """Values and findings of a column 测试 beside a key."""
    feed = contract(HOLDER, column(name, "测试", kind, **options))
    rows: list[list[CellValue]] = [["户主证件号", "测试"], *([id_number(n), cell] for n, cell in enumerate(cells))]
    table = typed_rows(rows, feed)
    return table.data[name].to_pylist(), rules_of(table)


def test_schema_has_every_column_of_the_contract() -> None:
    for feed in contracts().values():
        names = typed_schema(feed).names
        assert names[: len(feed.columns)] == [entry.name for entry in feed.columns]
        assert {"birth_from_id", "sex_from_id", "age", "id_link"} <= set(names)
        assert {f"{entry.name}_precision" for entry in feed.columns if entry.coarser} <= set(names)


def test_missing_optional_columns_are_null() -> None:
    table = typed_rows([["户主证件号", "户主姓名"], [id_number(1), "张某"]], contract(HOLDER, NAME, CATEGORY, VILLAGE))
    assert table.data["category_code"].to_pylist() == [None]
    assert table.findings == ()


def test_keys_and_values_must_not_be_empty() -> None:
    rows: list[list[CellValue]] = [["户主证件号", "户主姓名"], ["/", "张某"], [id_number(1), "无"], ["0", "李某"]]
    table = typed_rows(rows, contract(HOLDER, NAME))
    assert rules_of(table) == [(2, "S-11"), (3, "S-11"), (4, "S-11")]
    assert [finding.message for finding in table.findings][:2] == ["关键列“户主证件号”不能为空", "“户主姓名”不能为空"]
    assert table.data["id_link"].to_pylist() == ["missing", "usable", "missing"]


def test_defaults_fill_missing_columns_and_empty_cells() -> None:
    certificate = column("certificate_date", "出具日期", Kind.DATE, default="assessed_date")
    feed = contract(
        HOLDER, column("house_seq", "房屋序号", Kind.INT, key=2, default="1"),
        column("assessed_date", "鉴定时间", Kind.DATE), certificate,
    )  # fmt: skip
    rows: list[list[CellValue]] = [["户主证件号", "鉴定时间", "出具日期"]]
    rows += [
        [id_number(1), "2026-04-16", None],
        [id_number(2), "2026-04-16", "2026-04-20"],
        [id_number(3), "胡说", None],
    ]
    table = typed_rows(rows, feed)
    assert table.data["house_seq"].to_pylist() == [1, 1, 1]
    assert table.data["certificate_date"].to_pylist() == [date(2026, 4, 16), date(2026, 4, 20), None]


def test_blank_ticks_are_false_only_where_the_contract_says_so() -> None:
    assert one_column(["是", None], kind=Kind.BOOL)[0] == [True, None]
    assert one_column(["是", None], kind=Kind.BOOL, blank_is_false=True)[0] == [True, False]
    values, found = one_column(["是", "不详"], kind=Kind.BOOL, blank_is_false=True)
    assert (values, found) == ([True, None], [(3, "S-09")])


def test_a_header_may_say_the_opposite() -> None:
    feed = contract(HOLDER, column("is_safe", "是否安全", Kind.BOOL, headers=[Header("饮水困难", negate=True)]))
    table = typed_rows(
        [["户主证件号", "饮水困难"], [id_number(1), "是"], [id_number(2), None], [id_number(3), "否"]], feed
    )
    assert table.data["is_safe"].to_pylist() == [False, None, True]


def test_a_header_may_give_its_cells_a_meaning() -> None:
    status = column(
        "poverty_status_code", "脱贫属性", Kind.CODE, code_list="poverty_status",
        headers=[Header("是否脱贫", mapping={"是": "3", "否": "1"})],
    )  # fmt: skip
    feed = contract(HOLDER, status)
    sent: list[CellValue] = ["是", "√", "否", 0, "返贫", "也许"]
    rows: list[list[CellValue]] = [["户主证件号", "是否脱贫"]]
    rows += [[id_number(n), cell] for n, cell in enumerate(sent)]
    table = typed_rows(rows, feed)
    assert table.data["poverty_status_code"].to_pylist() == ["3", "3", "1", "1", "5", None]
    assert rules_of(table) == [(7, "S-10")]


def test_nothing_is_a_value_of_codes_and_no_value_of_numbers() -> None:
    assert one_column(["无"], kind=Kind.DECIMAL) == ([None], [])
    assert one_column(["无"], kind=Kind.CODE, code_list="dibao_category") == ([None], [(2, "S-10")])


@pytest.mark.parametrize(("cell", "rule_id"), [(-1, "R-ALL-06"), ("1O", "S-07"), (101, "S-07")])
def test_ranges(cell: CellValue, rule_id: str) -> None:
    values, found = one_column([cell], kind=Kind.DECIMAL, minimum=0, maximum=100)
    assert (values, found) == ([None], [(2, rule_id)])


def test_rates_written_as_fractions() -> None:
    rate: dict[str, Any] = {"kind": Kind.DECIMAL, "name": "reliability_percent", "percent_floor": 50.0, "maximum": 100}
    assert one_column([0.95, "0.9", 1, 0, "96%"], **rate) == (
        [Decimal("95.00"), Decimal("90.00"), Decimal("100.00"), Decimal("0.00"), Decimal("96.00")],
        [(0, "S-16")],
    )
    assert one_column([95, "90", 0, "0.5%"], **rate)[0][3] == Decimal("0.50")
    with pytest.raises(FileProblem) as caught:
        one_column([0.95, 90], **rate)
    assert caught.value.rule_id == "S-16"
    assert one_column([0.95, 90], kind=Kind.DECIMAL, name="other_percent")[0] == [Decimal("0.95"), Decimal("90.00")]


def test_coarser_dates_keep_how_exact_they_are() -> None:
    feed = contract(HOLDER, column("certificate_date", "出具日期", Kind.DATE, coarser=True))
    rows: list[list[CellValue]] = [["户主证件号", "出具日期"]]
    rows += [[id_number(n), cell] for n, cell in enumerate(["2024-04-20", "2024.3", 2019, None])]
    table = typed_rows(rows, feed)
    assert table.data["certificate_date"].to_pylist() == [date(2024, 4, 20), date(2024, 3, 1), date(2019, 1, 1), None]
    assert table.data["certificate_date_precision"].to_pylist() == ["day", "month", "year", None]


def test_identical_rows_collapse_and_conflicting_rows_are_all_refused() -> None:
    rows: list[list[CellValue]] = [
        ["序号", "户主证件号", "户主姓名", "低保类别"],
        [1, id_number(1), "张某", "农村低保"],
        [2, id_number(1), "张 某", "02"],
        [3, id_number(2), "李某", "02"],
        [4, id_number(2), "李某", "01"],
        [5, id_number(3), "王某", "02"],
    ]
    feed = contract(column("serial_no", "序号", Kind.INT, loaded=False), HOLDER, NAME, CATEGORY)
    table = typed_rows(rows, feed)
    assert [row.row for row in table.raw.rows] == [2, 4, 5, 6]
    assert table.data.num_rows == 4
    assert table.raw.excluded_count == 1
    found = [(finding.row, finding.rule_id, finding.severity) for finding in table.findings]
    assert found == [(2, "S-12", "info"), (4, "S-12", "error"), (5, "S-12", "error")]
    assert "第Sheet1 5行" in table.findings[1].message
    assert id_number(2) not in table.findings[1].message


def test_rows_without_a_number_of_their_own_are_no_duplicates() -> None:
    rows: list[list[CellValue]] = [
        ["户主证件号", "户主姓名"],
        ["999999202601010011", "张某"],
        ["999999202601010011", "李某"],
    ]
    table = typed_rows(rows, contract(HOLDER, NAME))
    assert rules_of(table) == [(2, "R-ALL-04"), (3, "R-ALL-04")]
    assert table.data["id_link"].to_pylist() == ["placeholder", "placeholder"]
    assert table.data["birth_from_id"].to_pylist() == [None, None]


def test_certificate_number_in_the_id_column_is_split() -> None:
    person = column("id_number", "证件号码", Kind.ID, key=1, vault_kind="id_number")
    certificate = column("disability_certificate_number", "残疾人证号", Kind.ID, vault_kind="certificate")
    table = typed_rows([["证件号码"], [id_number(1) + "43"], [id_number(2)]], contract(person, certificate))
    assert table.data["id_number"].to_pylist() == [id_number(1), id_number(2)]
    assert table.data["disability_certificate_number"].to_pylist() == [id_number(1) + "43", None]


def test_fifteen_digits_are_told() -> None:
    table = typed_rows([["户主证件号"], ["530599800625024"]], contract(HOLDER))
    assert [(finding.rule_id, finding.severity) for finding in table.findings] == [("R-ALL-01", "info")]
    assert table.data["age"].to_pylist() == [46]
    assert table.data["id_link"].to_pylist() == ["raised"]


def test_places_reject_only_where_the_village_is_required() -> None:
    rows: list[list[CellValue]] = [["户主证件号", "乡镇", "行政村"], [id_number(1), "田园镇", "没有村"]]
    code = column("region_code", "行政区划代码", Kind.ID)
    table = typed_rows(rows, contract(HOLDER, TOWNSHIP, VILLAGE, code))
    assert [(finding.rule_id, finding.severity) for finding in table.findings] == [("S-13", "warning")]
    required = column("village_name", "行政村", demand=Demand.VALUE)
    table = typed_rows(rows, contract(HOLDER, TOWNSHIP, required, code))
    assert [(finding.rule_id, finding.severity) for finding in table.findings] == [("S-13", "error")]
    assert table.data["region_code"].to_pylist() == [None]


def test_numeric_cells_of_id_columns_name_their_address() -> None:
    rows: list[list[CellValue]] = [["户主姓名", "户主证件号"], ["张某", 530599198006250247]]
    table = typed_rows(rows, contract(NAME, HOLDER))
    assert rules_of(table) == [(2, "S-05")]
    assert table.findings[0].message.startswith("单元格B2：")
    assert "5305" not in table.findings[0].message


def test_messages_show_no_direct_personal_data() -> None:
    phone = column("phone_number", "联系电话", Kind.ID, vault_kind="phone_number")
    mobile = "13800000000"
    rows: list[list[CellValue]] = [["户主证件号", "户主姓名", "联系电话", "低保类别"]]
    rows += [[id_number(1)[:-2] + "77", "张4", mobile + "9", "胡说"]]
    table = typed_rows(rows, contract(HOLDER, NAME, phone, CATEGORY))
    texts = "".join(finding.message + finding.fix for finding in table.findings)
    assert len(table.findings) == 4
    assert "胡说" in texts
    for direct in (id_number(1)[:-2], "张4", mobile):
        assert direct not in texts


def test_one_finding_per_cell() -> None:
    rows: list[list[CellValue]] = [
        ["户主证件号", "户主姓名", "低保类别"],
        ["12", "", "不知"],
        [id_number(1), "张某", "02"],
    ]
    table = typed_rows(rows, contract(HOLDER, NAME, CATEGORY))
    assert rules_of(table) == [(2, "R-ALL-01"), (2, "S-10"), (2, "S-11")]


def test_equal_numbers_of_different_cell_types_are_not_confused() -> None:
    values, found = one_column([1, True, 1.0, "1"], kind=Kind.INT)
    assert values == [1, None, 1, 1]
    assert found == [(3, "S-07")]


def test_id_lists() -> None:
    covered = column("covered_id_number", "保障成员证件号码", Kind.ID_LIST, vault_kind="id_number")
    rows: list[list[CellValue]] = [["户主证件号", "保障成员证件号码"]]
    rows += [[id_number(1), f"{id_number(2)}、{id_number(3)}"], [id_number(2), "12、13"], [id_number(3), None]]
    table = typed_rows(rows, contract(HOLDER, covered))
    assert table.data["covered_id_number"].to_pylist() == [[id_number(2), id_number(3)], None, None]
    assert rules_of(table) == [(3, "R-ALL-01")]


def test_a_header_text_sent_back_is_read_the_same() -> None:
    amount = column("paid_yuan", "金额", Kind.DECIMAL, unit="元")
    feed = contract(HOLDER, amount)
    text = csv_text([["单位：万元", ""], ["户主证件号", "金额"], [id_number(1), "1.5"]])
    first = typed(text.encode(), feed)
    header = first.raw.headers["paid_yuan"]
    again = typed(csv_text([["户主证件号", header], [id_number(1), "1.5"]]).encode(), feed)
    assert first.data["paid_yuan"].to_pylist() == again.data["paid_yuan"].to_pylist() == [Decimal("15000.00")]
