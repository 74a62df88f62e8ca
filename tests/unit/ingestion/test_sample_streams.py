"""Streams: the same bytes from any number of processes and any Python, and files that other programs read."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from datetime import date, datetime, time
from itertools import pairwise
from pathlib import Path

import openpyxl
import pytest
import yaml
from python_calamine import CalamineWorkbook

from hearth.period import Period
from ingestion.checks import error_rows, run_checks
from ingestion.contract import contracts
from ingestion.read import read_table, type_table
from ingestion.reader.faults import xlsx_marks
from ingestion.reference_data import parameters
from ingestion.sample import formats
from ingestion.sample.cells import Broken, Cell
from ingestion.sample.county import write_county
from ingestion.sample.desk import Desk
from ingestion.sample.formats import Format, fitting
from ingestion.sample.habits import habits
from ingestion.sample.manifest import Manifest
from ingestion.sample.office_file import OfficeFile
from ingestion.sample.places import places
from ingestion.sample.xlsx import Workbook, deflate, joined_crc, rows_xml

GOLDEN = Path(__file__).parent / "sample_golden.yaml"
SEPTEMBER = Period(2026, 9)
BLOCKS = 2_000
"""Households of two blocks."""


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    root = tmp_path_factory.mktemp("blocks")
    return root, write_county([SEPTEMBER], BLOCKS, 7, root / "bucket", key=root / "key", processes=1)


def _hashes(root: Path) -> dict[str, str]:
    found = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def test_the_number_of_processes_changes_nothing(county: tuple[Path, Manifest], tmp_path: Path) -> None:
    """Files, answer key and manifest."""
    root, manifest = county
    assert write_county([SEPTEMBER], BLOCKS, 7, tmp_path / "bucket", key=tmp_path / "key", processes=2) == manifest
    assert _hashes(tmp_path) == _hashes(root)


def _content(path: Path) -> bytes:
    """What a file says: a workbook's parts unpacked, as compression may differ from one zlib to the next."""
    data = path.read_bytes()
    if not data.startswith(b"PK") or not zipfile.is_zipfile(io.BytesIO(data)):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return b"".join(entry.filename.encode() + package.read(entry) for entry in package.infolist())


def golden(root: Path, manifest: Manifest) -> Mapping[str, str]:
    """Feed -> digest of its good file. Locked and cut files hold compressed bytes and are left out."""
    return {
        f"{file.department}.{file.feed}": hashlib.sha256(_content(root / file.path)).hexdigest()[:20]
        for file in manifest.good()
    }


def test_another_machine_and_another_python_write_the_same(tmp_path: Path) -> None:
    found = dict(golden(tmp_path, write_county([SEPTEMBER], 60, 7, tmp_path, processes=1)))
    text = yaml.safe_dump(found, allow_unicode=True)
    expected = yaml.safe_load(GOLDEN.read_text(encoding="utf-8"))
    assert found == expected, f"if the sample was meant to change, {GOLDEN.name} is now:\n{text}"


def test_files_of_several_blocks_are_read_like_any_other(county: tuple[Path, Manifest]) -> None:
    """Rows, faults and totals stand where the manifest says, on both sides of the seam."""
    root, manifest = county
    for file in manifest.good():
        if file.is_nil:
            continue
        contract = contracts()[f"{file.department}.{file.feed}"]
        path = root / "bucket" / file.path
        typed = type_table(read_table(path.read_bytes(), path.name, contract, SEPTEMBER), SEPTEMBER, "530524")
        checked = run_checks(typed, SEPTEMBER, parameters(SEPTEMBER.last_day, "530524"))
        assert len(typed.raw.rows) == file.rows
        findings = [*typed.raw.findings, *typed.findings, *checked.findings]
        assert error_rows(findings) == {(defect.sheet, defect.row) for defect in file.defects}, file.path
        assert file.expected_rejected <= file.rows * 0.06


def test_group_rows_count_the_whole_township(county: tuple[Path, Manifest]) -> None:
    root, manifest = county
    (file,) = manifest.good("housing.assessment")
    with CalamineWorkbook.from_filelike(io.BytesIO((root / "bucket" / file.path).read_bytes())) as book:
        rows = book.get_sheet_by_index(0).to_python()
    marks = [number for number, row in enumerate(rows) if str(row[0]).endswith("户）")]
    ends = [*marks[1:], len(rows) - 2]
    for mark, end in zip(marks, ends, strict=True):
        assert str(rows[mark][0]).split("（")[1] == f"{end - mark - 1}户）"
    names = [str(rows[mark][0]).split("（")[0] for mark in marks]
    assert len(set(names)) == len(names) == 13
    assert sum(end - mark - 1 for mark, end in zip(marks, ends, strict=True)) == file.rows


def test_serial_numbers_and_totals_run_through_each_sheet(county: tuple[Path, Manifest]) -> None:
    root, manifest = county
    (file,) = manifest.good("civil_affairs.dibao")
    contract, habit = contracts()["civil_affairs.dibao"], habits().feeds["civil_affairs.dibao"]
    book = openpyxl.load_workbook(root / "bucket" / file.path)
    seen = 0
    for page in book.worksheets[:-1]:
        lines = list(page.iter_rows(min_row=4, values_only=True))
        serials = [line[0] for line in lines if isinstance(line[0], int)]
        assert serials == list(range(1, len(serials) + 1))
        paid = [cell.value for cell in page[3]].index(habit.title(contract.by_name["monthly_amount_yuan"]))
        (total,) = (line for line in lines if line[0] == "合计")
        numbers = [line[paid] for line in lines if isinstance(line[0], int)]
        assert total[paid] == sum(number for number in numbers if isinstance(number, int | float)) > 0
        seen += len(serials)
    assert seen == file.rows
    assert book.sheetnames[-1] == "Sheet2"


def test_an_old_workbook_that_is_full_becomes_a_new_one_and_then_text(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small = {
        **formats.formats(),
        "xls": Format(rows=150, next="xlsx", suffix=".xls"),
        "xlsx": Format(rows=220, next="csv", suffix=".xlsx"),
    }
    monkeypatch.setattr(formats, "formats", lambda: small)
    manifest = write_county([SEPTEMBER], 200, 7, tmp_path, processes=1)
    names = {f"{file.department}.{file.feed}": Path(file.path) for file in manifest.good()}
    assert names["housing.assessment"].suffix == ".csv"
    assert names["register.household"].suffix == ".csv"
    assert names["housing.renovation"].suffix == ".xlsx"
    assert len({file.path for file in manifest.files}) == len(manifest.files)
    for feed_id in ("housing.assessment", "register.household"):
        (file,) = manifest.good(feed_id)
        typed = type_table(
            read_table((tmp_path / file.path).read_bytes(), Path(file.path).name, contracts()[feed_id], SEPTEMBER),
            SEPTEMBER,
            "530524",
        )
        assert len(typed.raw.rows) == file.rows


def test_limits_of_formats_are_those_of_the_programs() -> None:
    habit = habits().feeds["housing.assessment"]
    assert [fitting(habit, rows).format for rows in (65_536, 65_537, 1_048_576, 1_048_577)] == [
        "xls",
        "xlsx",
        "xlsx",
        "csv",
    ]


def test_a_sheet_that_overflows_all_the_same_says_so(tmp_path: Path) -> None:
    desk = Desk(contracts()["housing.assessment"], habits().feeds["housing.assessment"], SEPTEMBER, places("530524"), 7)
    file = OfficeFile(desk, tmp_path / "file")
    with pytest.raises(ValueError, match=r"\[file\] has more rows than a sheet holds, \[65536\]"):
        file.place([("田园镇", 70_000)])
    file.abandon()


CELLS: list[Cell] = [
    "plain",
    ' <两端> & "空格" ',
    "行一\n行二",
    None,
    7,
    -36,
    2019.1,
    5.20099e17,
    date(2026, 9, 30),
    datetime(2026, 9, 30, 13, 45),  # noqa: DTZ001 - cells know no zone
    "520099198006250247",
    "㛃",
]


def _workbook(columns: list[list[Cell]]) -> bytes:
    target = io.BytesIO()
    book = Workbook(target)
    book.open_sheet("第一 & <页>")
    for first, (start, end) in enumerate(pairwise(range(0, len(columns[0]) + 1, 2))):
        book.write(deflate(rows_xml([column[start:end] for column in columns], 1 + 2 * first)))
    book.close_sheet([(1, 1, 1, 2)])
    book.open_sheet("Sheet2")
    book.close_sheet([])
    book.finish()
    return target.getvalue()


def test_broken_cells_say_where_they_stand_and_hold_nothing() -> None:
    """F-16: the reader names them; among cells that do not say where they stand, in the second piece too."""
    column: list[Cell] = ["a", Broken("#N/A"), Broken("=SUM(A1:A2)"), "d"]
    data = _workbook([["x"] * 4, column])
    assert xlsx_marks(data).faults["第一 & <页>"] == {(1, 1): "B2", (2, 1): "B3"}
    page = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    assert [cell.value for cell in page["B"]][1:] == ["#N/A", "=SUM(A1:A2)", "d"]


def test_pieces_make_one_workbook_for_other_programs() -> None:
    data = _workbook([CELLS, ["x"] * len(CELLS)])
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert package.testzip() is None
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["第一 & <页>", "Sheet2"]
    page = book.worksheets[0]
    expected = [datetime.combine(cell, time()) if type(cell) is date else cell for cell in CELLS]
    assert [row[0] for row in page.iter_rows(values_only=True)] == expected
    assert {str(merged) for merged in page.merged_cells.ranges} == {"A1:B1"}
    with CalamineWorkbook.from_filelike(io.BytesIO(data)) as other:
        rows = other.get_sheet_by_index(0).to_python()
    assert [row[1] for row in rows] == ["x"] * len(CELLS)
    assert [row[0] for row in rows][5:8] == [-36, 2019.1, 5.20099e17]


def test_control_letters_do_not_break_a_workbook() -> None:
    for text in ("a\x0bb", "a\x00b"):
        page = openpyxl.load_workbook(io.BytesIO(_workbook([[text, "c"]]))).worksheets[0]
        assert page["A1"].value in {text, f"a_x{ord(text[1]):04X}_b"}
        assert page["A2"].value == "c"


@pytest.mark.parametrize("size", [0, 1, 7, 4096, 100_003])
def test_checksums_of_pieces_join(size: int) -> None:
    first, second = b"\x01\x02\x03" * 5, bytes(range(256)) * (size // 256) + bytes(size % 256)
    assert joined_crc(zlib.crc32(first), zlib.crc32(second), len(second)) == zlib.crc32(first + second)
