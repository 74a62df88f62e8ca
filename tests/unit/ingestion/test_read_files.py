"""Files that cannot be taken, and what their sender is told (F-*, S-02, S-08)."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from msoffcrypto.format.ooxml import OOXMLFile

from ingestion.contract import Kind
from ingestion.reader.grid import Grid
from ingestion.reader.guards import Limits
from ingestion.reader.sheet_names import take_names
from ingestion.reader.sniff import FileKind, sniff
from ingestion.reader.titles import month_of_sheet, months_of_file_name, stated_months
from ingestion.table import CellValue, FileProblem
from ingestion.template import SHEET_DATA
from tests.unit.ingestion.reader_files import (
    ALLOWANCE,
    AMOUNT,
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
    typed,
    xls,
    xlsx,
    xml2003,
)

ROWS = [HEADER, *people(3)]


def refused(data: bytes, rule_id: str, *, file_name: str = "名单.xlsx") -> FileProblem:
    with pytest.raises(FileProblem) as caught:
        read(data, file_name=file_name)
    assert caught.value.rule_id == rule_id, caught.value
    assert caught.value.fix
    return caught.value


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (xlsx(ROWS), FileKind.XLSX),
        (xls(ROWS), FileKind.XLS),
        (csv_text(ROWS).encode(), FileKind.TEXT),
        (b"\xef\xbb\xbf \n" + html_table(ROWS).encode(), FileKind.HTML),
        (b"<!DOCTYPE html><TABLE><tr></tr></TABLE>", FileKind.HTML),
        (xml2003(ROWS).encode(), FileKind.XML2003),
    ],
)
def test_first_bytes_decide(data: bytes, kind: FileKind) -> None:
    assert sniff(data) is kind


def _locked_xlsx() -> bytes:
    office = OOXMLFile(io.BytesIO(xlsx(ROWS)))
    stream = io.BytesIO()
    office.encrypt("geheim", stream)
    return stream.getvalue()


def _zip(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _with_macro() -> bytes:
    stream = io.BytesIO(xlsx(ROWS))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (_locked_xlsx(), "密码"),
        (_with_macro(), "宏"),
        (xlsx(ROWS)[:-200], "损坏"),
        (xlsx(ROWS)[:1000], "损坏"),
        (xls(ROWS)[:700], "损坏"),
        (b"%PDF-1.7 ...", "无法识别"),
        (b"\x89PNG\r\n\x1a\n", "无法识别"),
        (_zip({"word/document.xml": b"<w/>"}), "无法识别"),
        (b"a\x00b,c\n", "无法识别"),
        (b"<svg></svg>", "无法识别"),
    ],
)
def test_not_a_readable_table(data: bytes, words: str) -> None:
    assert words in refused(data, "F-01").message


def test_a_flipped_byte_in_a_workbook_is_noticed() -> None:
    data = bytearray(xlsx([HEADER, *people(200)]))
    data[len(data) // 2] ^= 0xFF
    refused(bytes(data), "F-01")


def test_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = _zip({"xl/workbook.xml": b"<a/>", "xl/worksheets/sheet1.xml": b" " * 50_000_000})
    refused(bomb, "F-02")


def test_a_directory_that_lies_about_sizes_is_damage() -> None:
    data = bytearray(_zip({"xl/workbook.xml": b"<a/>", "xl/worksheets/sheet1.xml": b" " * 5_000_000}))
    size = (5_000_000).to_bytes(4, "little")
    for _ in range(2):
        place = data.index(size)
        data[place : place + 4] = (1000).to_bytes(4, "little")
    refused(bytes(data), "F-01")


def test_too_large() -> None:
    with pytest.raises(FileProblem) as caught:
        sniff(b"x" * 2_000_000, Limits(max_file_mb=1))
    assert caught.value.rule_id == "F-02"


@pytest.mark.parametrize("data", [b"", b" \r\n\t", b"\x00" * 512])
def test_no_bytes(data: bytes) -> None:
    refused(data, "F-08")


@pytest.mark.parametrize("data", [xlsx([HEADER]), csv_text([HEADER]).encode(), xls([["名单"], HEADER, ["合计"]])])
def test_header_only_is_no_nil_return(data: bytes) -> None:
    assert "零报告" in refused(data, "F-08").fix


def test_undecodable_byte_is_named_by_line_and_column() -> None:
    data = csv_text(ROWS).encode()
    line = data.split(b"\r\n")[2]
    broken = data.replace(line, line[:9] + b"\xff\xff" + line[9:])
    message = refused(broken, "F-07").message
    assert message.startswith("第3行第")


def test_gb18030_keeps_rare_characters_of_names() -> None:
    rows = [list(row) for row in ROWS]
    rows[1][3] = "㛃𬱖某"
    assert typed(csv_text(rows).encode("gb18030")).data["head_name"][0].as_py() == "㛃𬱖某"


def test_damaged_header_and_damaged_cells() -> None:
    refused(csv_text([["户主姓\ufffd名", *HEADER[1:]], *ROWS[1:]]).encode(), "F-07")
    rows = [list(row) for row in ROWS]
    rows[2][3] = "锟斤拷某"
    found = typed(csv_text(rows).encode()).findings
    assert [(finding.rule_id, finding.row, finding.severity) for finding in found] == [("F-07", 3, "error")]
    assert "锟" not in found[0].message


def test_missing_required_columns_are_listed_by_title() -> None:
    keep = [place for place, title in enumerate(HEADER) if title not in ("户主姓名", "家庭人口")]
    data = xlsx([[row[place] for place in keep] for row in ROWS])
    assert "户主姓名、家庭人口" in refused(data, "F-11").message


def test_similar_titles_are_suggested_and_never_taken() -> None:
    message = refused(xlsx([["户主名字" if title == "户主姓名" else title for title in HEADER], *ROWS[1:]]), "F-11")
    assert "户主姓名（表中“户主名字”是否为该列？）" in message.message


def test_no_header_at_all() -> None:
    refused(xlsx([["甲", "乙"], ["1", "2"]]), "F-11")


def test_place_may_be_told_by_code() -> None:
    named = contract(
        column("township_name", "乡(镇)", demand=NAME.demand),
        column("village_name", "行政村", demand=NAME.demand),
        column("region_code", "行政区划代码", Kind.ID),
        HOLDER,
    )
    table = typed(xlsx([["行政区划代码", "户主证件号"], ["530524101204", id_number(1)]]), named)
    assert table.findings == ()
    assert table.data["village_name"].to_pylist() == ["右文社区村民委员会"]
    blank = typed(xlsx([["行政区划代码", "户主证件号"], [None, id_number(1)], [None, id_number(2)]]), named)
    assert [(finding.row, finding.rule_id) for finding in blank.findings] == [(2, "S-11"), (3, "S-11")]


def test_a_file_with_nothing_in_it_is_told_of_the_nil_return() -> None:
    for data in (xlsx([]), "\ufeff".encode()):
        with pytest.raises(FileProblem) as caught:
            read(data)
        assert caught.value.rule_id == "F-08"


def test_data_in_a_hidden_sheet() -> None:
    refused(xlsx([["说明"]], ROWS, names=["说明", "数据"], hidden=["数据"]), "F-10")
    refused(xlsx(ROWS, ROWS, names=["数据", "备份"], hidden=["备份"]), "F-10")
    assert len(read(xlsx(ROWS, [HEADER], names=["数据", "模板"], hidden=["模板"])).rows) == 3


def test_two_columns_of_one_meaning() -> None:
    same = [[*row, row[3]] for row in ROWS]
    same[0][-1] = "户主"
    assert typed(xlsx(same)).findings == ()
    same[2][-1] = "别人"
    message = refused(xlsx(same), "S-02").message
    assert "户主姓名（D列）、户主（L列）" in message


def test_unit_that_cannot_be_converted() -> None:
    header = ["户月保障金(亩)" if title == "户月保障金" else title for title in HEADER]
    assert "元/月" in refused(xlsx([header, *ROWS[1:]]), "S-08").message


def test_sheets_that_disagree_about_the_unit() -> None:
    header = ["户月保障金(万元)" if title == "户月保障金" else title for title in HEADER]
    refused(xlsx(ROWS, [header, *ROWS[1:]]), "S-02")


@pytest.mark.parametrize(
    ("title", "file_name"),
    [
        ("昌宁县2026年9月低保名单", "名单.xlsx"),
        ("九月份低保名单", "名单.xlsx"),
        ("低保名单", "低保名单（9月）.xlsx"),
        ("二〇二六年十一月低保名单", "名单.xlsx"),
        ("2026年10月低保名单", "低保名单2025年10月.xlsx"),
    ],
)
def test_another_month(title: str, file_name: str) -> None:
    assert "2026-10" in refused(xlsx([[title], *ROWS]), "F-05", file_name=file_name).message


def test_a_sheet_of_another_month() -> None:
    refused(xlsx(ROWS, ROWS, names=["9月", "10月"]), "F-05")


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("昌宁县2026年10月农村低保名单", {"2026-10"}),
        ("农村低保名单（10月份）", {"2026-10"}),
        ("填报时间：2026年11月5日", set()),
        ("制表日期:2026-11", set()),
        ("2026年1-10月累计", set()),
        ("公示期：10月8日至10月14日", set()),
        ("统计时间 2026-10", {"2026-10"}),
        ("十二月报表", {"2026-12"}),
        ("一月报表", {"2027-01"}),
        ("数据截至2026.10", {"2026-10"}),
        ("农村低保名单", set()),
        ("13月", set()),
    ],
)
def test_months_stated_by_titles(text: str, months: set[str]) -> None:
    assert stated_months(text, PERIOD) == months


@pytest.mark.parametrize(
    ("name", "months"),
    [
        ("低保名单（10月）(2).xlsx", {"2026-10"}),
        ("导出20261105(22).xls", set()),
        ("名单2026-11-05.csv", set()),
        ("饮水安全台账 2026.10.xlsx", {"2026-10"}),
        ("参保人员明细_202610.csv", set()),
    ],
)
def test_months_stated_by_file_names(name: str, months: set[str]) -> None:
    assert months_of_file_name(name, PERIOD) == months


def test_a_sheet_goes_by_a_name_that_is_understood_or_by_its_place() -> None:
    kept = ["Sheet1", "表2", "田园镇", "新城社区", "10月", "低保名单", SHEET_DATA]
    others = ["慕容甲", "工作表9", "低保 名单2", "Sheet 1", "高峰"]
    grids = [Grid(name, []) for name in [*kept, *others]]
    own = take_names(grids, replace(ALLOWANCE, title="低保名单"), PERIOD)
    places = [f"工作表{number}" for number in range(8, 13)]
    assert [grid.sheet for grid in grids] == [*kept, *places]
    assert own == dict(zip(places, others, strict=True))


def test_sheet_names() -> None:
    assert month_of_sheet("10月份", PERIOD) == "2026-10"
    assert month_of_sheet("十月", PERIOD) == "2026-10"
    assert month_of_sheet("10月8日到", PERIOD) is None


def _with_formulas() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADER)
    for row in people(3):
        sheet.append(row)
    sheet["G2"] = "=1+1"  # openpyxl stores no result
    sheet["E3"] = "#REF!"
    sheet["N4"] = "=1/0"  # no column of ours
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_formulas_without_result_and_error_values_are_no_blanks() -> None:
    table = typed(_with_formulas())
    found = [(finding.rule_id, finding.row, finding.columns) for finding in table.findings]
    assert found == [("F-16", 2, ("monthly_amount_yuan",)), ("F-16", 3, ("head_id_number",))]
    assert "G2" in table.findings[0].message


def _without_addresses(book: bytes, pattern: bytes) -> bytes:
    """The workbook as programs write it that leave out what can be counted."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            data = old.read(part)
            new.writestr(part, re.sub(pattern, b"", data) if part.startswith("xl/worksheets/") else data)
    return stream.getvalue()


@pytest.mark.parametrize("pattern", [rb'(?<=<c) r="[A-Z]+\d+"', rb' r="[A-Z]*\d+"'], ids=["cells", "cells and rows"])
def test_broken_cells_are_found_where_cells_have_no_address(pattern: bytes) -> None:
    table = typed(_without_addresses(_with_formulas(), pattern))
    found = [(finding.rule_id, finding.row, finding.columns) for finding in table.findings]
    assert found == [("F-16", 2, ("monthly_amount_yuan",)), ("F-16", 3, ("head_id_number",))]


def test_error_values_of_an_old_workbook(tmp_path: Path) -> None:
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("一月外")
    for r, row in enumerate(ROWS):
        for c, cell in enumerate(row):
            if (r, c) == (2, 6):
                sheet.row(r).set_cell_error(c, 0x2A)
            else:
                sheet.write(r, c, cell)
    stream = io.BytesIO()
    book.save(stream)
    found = typed(stream.getvalue()).findings
    assert [(finding.rule_id, finding.sheet, finding.row) for finding in found] == [("F-16", "工作表1", 3)]


def test_text_with_a_stray_quotation_mark() -> None:
    rows = [list(row) for row in ROWS]
    rows[1][3] = '"张某'
    assert typed(csv_text(rows, "\t").encode()).data.num_rows == 3
    refused(("\r\n".join([",".join(HEADER), '1,田园镇,"右文', "2,3"]) + "\r\n").encode(), "F-01")


def test_unknown_columns_are_kept_and_handed_back() -> None:
    rows = [[*row, "" if n else "自编号", f"x{n}"] for n, row in enumerate(ROWS)]
    rows[0][-1] = ""
    raw = read(csv_text(rows).encode())
    assert raw.unknown_headers == ("自编号", "M列（无标题）")
    assert raw.rows[0].extra == {"M列（无标题）": "x1"}


def test_old_workbooks_that_stop_in_the_middle() -> None:
    data = xls([HEADER, *people(40)])
    for end in range(600, len(data), 997):
        refused(data[:end], "F-01")


def test_line_ends_of_old_apples() -> None:
    assert typed(csv_text(ROWS).replace("\r\n", "\r").encode()).data.num_rows == 3
    assert typed(csv_text(ROWS).replace("李某某", '"李\r某某"').encode()).data["head_name"][0].as_py() == "李某某"


def test_html_that_stops_in_the_middle() -> None:
    page = html_table(ROWS)
    refused(page[: page.rindex("<tr>") + 40].encode(), "F-03")


def test_xml_entity_tricks_are_refused() -> None:
    bomb = xml2003(ROWS).replace("<?mso", '<!DOCTYPE a [<!ENTITY b "&#120;">]>\n<?mso')
    refused(bomb.encode(), "F-01")


def test_merged_title_that_repeats_a_header_word_is_no_header() -> None:
    rows: list[list[CellValue]] = [["户主姓名"], *cells(ROWS)]
    assert [row.row for row in read(xlsx(rows, merges=["A1:K1"])).rows] == [3, 4, 5]
    assert AMOUNT in ALLOWANCE.columns
