"""Words of single cells: yes and no, codes, names, headers, regions."""

from __future__ import annotations

from contextlib import AbstractContextManager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.normalise.booleans import parse_bool
from ingestion.normalise.codes import parse_code, parse_codes
from ingestion.normalise.problems import CellProblem
from ingestion.normalise.regions import Place, index_regions, resolve
from ingestion.normalise.text import is_blank, is_plausible_name, parse_name, plain_number
from ingestion.reader.headers import clean, spellings
from ingestion.reference_data import code_lists, regions
from ingestion.table import CellValue

COMPUTE = settings(max_examples=120, deadline=None)


def fails(rule_id: str) -> AbstractContextManager[object]:
    """The block raises this problem."""
    return pytest.raises(CellProblem, match=f"^{rule_id}$")


# --- Yes and no (GEN-21) ---


@pytest.mark.parametrize(
    "cell", ["是", "有", "√", "☑", "■", "1", 1, 1.0, True, "Y", "已通电", "享受", "达标", "合格", " 是 "]
)
def test_yes(cell: CellValue) -> None:
    assert parse_bool(cell) is True


@pytest.mark.parametrize("cell", ["否", "无", "×", "□", "0", 0, False, "N", "未通电", "不享受", "未享受", "不达标"])
def test_no(cell: CellValue) -> None:
    assert parse_bool(cell) is False


@pytest.mark.parametrize(
    "cell", ["不详", "未知", "不清楚", "未核实", "不确定", "2", 2, "是否", "部分", "未", "不", "基本达标", "-1"]
)
def test_neither_yes_nor_no(cell: CellValue) -> None:
    with fails("S-09"):
        parse_bool(cell)


# --- Codes (GEN-26, GEN-27) ---


@pytest.mark.parametrize(
    ("cell", "list_name", "code"),
    [
        ("02", "dibao_category", "02"),
        ("农村低保", "dibao_category", "02"),
        ("02 农村低保", "dibao_category", "02"),
        ("02-农村低保", "dibao_category", "02"),
        ("０２", "dibao_category", "02"),
        (2.0, "dibao_category", "02"),
        ("农村 低保", "dibao_category", "02"),
        ("支出型困难", "dibao_category", "05"),
        ("c", "house_grade", "C"),
        ("D级危房", "house_grade", "D"),
        ("汉族", "ethnicity", "01"),
    ],
)
def test_codes(cell: CellValue, list_name: str, code: str) -> None:
    assert parse_code(cell, code_lists()[list_name]) == code


@pytest.mark.parametrize("cell", ["其它类", "02 城市低保", "2026", "无", "06"])
def test_unknown_codes(cell: CellValue) -> None:
    with fails("S-10"):
        parse_code(cell, code_lists()["dibao_category"])


def test_several_codes() -> None:
    causes = code_lists()["poverty_cause"]
    for text in ("因学,因病", "03、01", "因病；因学；01", "因学\n因病"):
        assert parse_codes(text, causes) == ["01", "03"]
    with fails("S-10"):
        parse_codes("因学、不知道", causes)


# --- Text and names (GEN-13, GEN-14) ---


@pytest.mark.parametrize(
    "cell", [None, "", "  ", "-", "——", "/", "\\", "null", "N/A", "待补充", "暂无", "\u3000", "－"]
)
def test_blanks(cell: CellValue) -> None:
    assert is_blank(cell, nothing_is_blank=False)


def test_zero_and_nothing() -> None:
    assert not is_blank(0, nothing_is_blank=True)
    assert not is_blank("0", nothing_is_blank=True)
    assert is_blank("无", nothing_is_blank=True)
    assert not is_blank("无", nothing_is_blank=False)


@pytest.mark.parametrize(
    ("cell", "name"),
    [("张 三", "张三"), ("张　　某", "张某"), ("阿依古丽•买买提", "阿依古丽·买买提"), ("阿依.买买提", "阿依·买买提")],
)
def test_names(cell: str, name: str) -> None:
    assert parse_name(cell) == name
    assert is_plausible_name(name)


@pytest.mark.parametrize("name", ["张", "张3", "张*某", "zhang", "张某（死亡）"])
def test_odd_names(name: str) -> None:
    assert not is_plausible_name(name)


@COMPUTE
@given(st.floats(-1e14, 1e14, allow_nan=False))
def test_plain_number_loses_nothing(number: float) -> None:
    text = plain_number(number)
    assert float(text) == number
    assert "e" not in text.lower()


# --- Headers (GEN-06) ---


@pytest.mark.parametrize(
    ("header", "known"),
    [
        ("*户主 姓名", "户主姓名"),
        ("★户主\n姓名", "户主姓名"),
        ("A3与户主关系", "与户主关系"),
        ("12.危房等级", "危房等级"),
        ("3、危房等级（A/B/C/D）", "危房等级"),
        ("月用电量（ｋＷｈ）", "月用电量"),
        ("银行帐号", "银行账号"),
        ("务工时间（月）", "务工时间(月)"),
        ("致贫原因1", "致贫原因1"),
        ("是否解决安全饮用水(是/否)*", "是否解决安全饮用水"),
    ],
)
def test_header_spellings(header: str, known: str) -> None:
    assert known in list(spellings(header))
    assert clean(header)


# --- Regions (GEN-29) ---

INDEX = index_regions(regions())
YOUWEN = "530524101204"


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (Place(None, "昌宁县", "田园镇", "右文社区村民委员会"), YOUWEN),
        (Place(None, "昌宁", "田园", "右文社区"), YOUWEN),
        (Place(None, None, "田园镇", "右文村"), YOUWEN),
        (Place(None, None, "田园镇", "右文"), YOUWEN),
        (Place(None, None, "田园镇", None), "530524101000"),
        (Place(YOUWEN, None, None, None), YOUWEN),
        (Place(YOUWEN + ".0", "昌宁县", "田园镇", "右文"), YOUWEN),
        (Place("530524101", None, None, None), "530524101000"),
        (Place("530524101", None, None, "右文村"), YOUWEN),
        (Place(None, None, None, None), None),
    ],
)
def test_places(place: Place, code: str | None) -> None:
    found = resolve(place, INDEX, "530524")
    assert found.rule_id is None
    assert found.code == code


@pytest.mark.parametrize(
    ("place", "rule_id"),
    [
        (Place(None, None, "田园镇", "没有村"), "S-13"),
        (Place(None, None, "漭水镇", "右文社区"), "S-13"),
        (Place(None, None, None, "右文社区"), "S-13"),
        (Place(None, None, "没有镇", "右文社区"), "S-13"),
        (Place(YOUWEN, None, "漭水镇", None), "S-13"),
        (Place(YOUWEN, None, None, "龙泉社区"), "S-13"),
        (Place("530524101999", None, None, None), "S-13"),
        (Place("5305241012", None, None, None), "S-13"),
        (Place("530521101201", None, None, None), "S-14"),
        (Place(None, "施甸县", "田园镇", "右文社区"), "S-14"),
    ],
)
def test_no_places(place: Place, rule_id: str) -> None:
    found = resolve(place, INDEX, "530524")
    assert (found.rule_id, found.code) == (rule_id, None)


def test_townships_of_peoples_are_known_by_their_short_name() -> None:
    for name in ("湾甸傣族乡", "湾甸乡", "湾甸"):
        assert resolve(Place(None, None, name, None), INDEX, "530524").code == "530524205000"


def test_every_region_is_found_by_its_own_name() -> None:
    for region in regions():
        if region.level_code == "village":
            township = INDEX.names[region.parent_code or ""]
            assert resolve(Place(None, "昌宁县", township, region.name), INDEX, "530524").code == region.region_code
