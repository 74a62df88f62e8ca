"""The offline check: what it imports, what it says, what it asks back."""

from __future__ import annotations

import io
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from ingestion import check_app, check_start
from ingestion.check import CannotCheck, check_file
from ingestion.check_app import Asked, run
from ingestion.check_start import Built
from ingestion.checker_build import distributions
from tests.integration.ingestion.dibao_files import HEADERS, good, secrets_of, workbook

FORBIDDEN = (
    "airflow",
    "cryptography",
    "dbt",
    "fsspec",
    "great_expectations",
    "psycopg",
    "requests",
    "sqlalchemy",
    "structlog",
    "typer",
)
OPPORTUNE = {"pillow", "python-dateutil", "setuptools", "six"}
"""What the packed libraries import where it is installed, and do without elsewhere."""
GUARD = """
import sys
class NoPandas:  # pyarrow takes it where it is installed; the single-file program has none
    def find_spec(self, name, *_):
        if name == "pandas":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, NoPandas())
from ingestion.check_app import main
code = main(sys.argv[1:], "530524")
print("IMPORTED", *sorted({name.split(".")[0] for name in sys.modules}))
sys.exit(code)
"""


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    rows = good(30)
    rows[4]["covered_count"] = "三个人"
    rows[9]["head_id_number"] = rows[9]["head_id_number"][:-1] + "?"
    path = tmp_path / "低保名单10月.xlsx"
    path.write_bytes(workbook(rows))
    return path


def test_the_check_needs_no_server_library(faulty: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", GUARD, str(faulty), "--period", "2026-10"],
        check=False,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 1, done.stderr
    imported = set(done.stdout.splitlines()[-1].split()[1:])
    assert "duckdb" in imported
    assert imported.isdisjoint(FORBIDDEN)
    packed = {library.name.lower().replace("_", "-") for library in distributions()}
    assert packed.isdisjoint({*FORBIDDEN, "pandas"})
    owners = packages_distributions()
    needed = {owners[name][0].lower().replace("_", "-") for name in imported if name in owners}
    assert needed - {"hearth"} - OPPORTUNE <= packed, "add it to checker_build.NEEDED"


def test_the_rows_to_mend_lie_beside_the_file(faulty: Path) -> None:
    assert run(faulty, Asked(period="2026-10")) == 1
    written = faulty.with_name("低保名单10月-需修改.xlsx")
    book = openpyxl.load_workbook(written)
    assert {sheet.title: sheet.sheet_state for sheet in book} == {
        "退回说明": "visible",
        "Sheet": "visible",
        "hearth选项": "hidden",
    }
    rows: list[Any] = list(book["Sheet"].iter_rows())
    titles = [cell.value for cell in rows[0]]
    assert titles[:3] == ["退回原因", "怎么改", "原行号"]
    assert titles[3:] == list(HEADERS.values())
    assert [row[2].value for row in rows[1:]] == ["6", "11"]
    coloured = [[titles[cell.column - 1] for cell in row if cell.fill.fgColor.rgb == "FFFFD966"] for row in rows[1:]]
    assert coloured == [[HEADERS["covered_count"]], [HEADERS["head_id_number"]]]
    assert rows[1][titles.index(HEADERS["head_name"])].value == good(30)[4]["head_name"]
    faulty.write_bytes(workbook(good(30)))
    assert run(faulty, Asked(period="2026-10")) == 0
    assert not written.exists()


def test_a_column_is_called_as_its_sender_calls_it(tmp_path: Path) -> None:
    rows = good(30)
    rows[4]["started_month"] = "2019.1"
    path = tmp_path / "低保名单10月.xlsx"
    book = openpyxl.load_workbook(io.BytesIO(workbook(rows)))
    (title,) = [cell for cell in book.worksheets[0][1] if cell.value == HEADERS["started_month"]]
    title.value = "*纳入\n时间"
    book.save(path)
    assert run(path, Asked(period="2026-10")) == 1
    written = openpyxl.load_workbook(path.with_name("低保名单10月-需修改.xlsx"))
    said = "“纳入时间”的“2019.1”可能是1月或10月"
    assert written["Sheet"]["A2"].value == said
    assert said in [cell.value for row in written["退回说明"].iter_rows() for cell in row]


def test_what_a_sender_typed_is_no_formula(tmp_path: Path) -> None:
    rows = good(5)
    rows[1]["remark"] = "=HYPERLINK(1)"
    rows[1]["covered_count"] = "@SUM(1)"
    path = tmp_path / "低保名单10月.xlsx"
    book = openpyxl.load_workbook(io.BytesIO(workbook(rows)))
    for row in book.worksheets[0].iter_rows():
        for cell in row:
            cell.data_type = "s"
    book.save(path)
    run(path, Asked(period="2026-10"))
    sheet = openpyxl.load_workbook(path.with_name("低保名单10月-需修改.xlsx"))["Sheet"]
    assert [cell.data_type for row in sheet.iter_rows() for cell in row if cell.data_type == "f"] == []
    assert "@SUM(1)" in [cell.value for row in sheet.iter_rows() for cell in row]


def test_the_screen_shows_no_cell(faulty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(faulty, Asked(period="2026-10")) == 1
    said = capsys.readouterr().out
    assert "共30行，可接收28行，要退回2行" in said
    assert not [secret for secret in secrets_of(good(30)) if secret in said]


def test_a_fault_of_the_program_does_not_quote_the_file(
    faulty: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = good(1)[0]["head_id_number"]

    def broken(*_: object, **__: object) -> None:
        raise ValueError(f"cannot parse {secret}")

    monkeypatch.setattr(check_app, "check_file", broken)
    assert run(faulty, Asked()) == 2
    said = capsys.readouterr().err
    assert "ValueError at test_check.py" in said
    assert secret not in said


@pytest.mark.parametrize(
    ("name", "feed_id", "period", "text"),
    [
        ("新建表格.xlsx", None, None, "--feed"),
        ("低保名单.xlsx", "civil_affairs.nothing", None, "没有报表"),
        ("低保名单.xlsx", None, "10月", "2026-10 这样"),
    ],
)
def test_what_is_not_clear_is_asked(name: str, feed_id: str | None, period: str | None, text: str) -> None:
    with pytest.raises(CannotCheck, match=text):
        check_file(Path(name), feed_id=feed_id, period=period)


def test_feed_and_month_are_read_from_the_name(tmp_path: Path) -> None:
    path = tmp_path / "低保名单2026年9月(2).xlsx"
    path.write_bytes(workbook(good(3)))
    checked = check_file(path)
    assert (checked.contract.feed_id, str(checked.period)) == ("civil_affairs.dibao", "2026-09")


def test_a_missing_file_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "低保名单10月.xlsx", Asked()) == 2
    assert "不能读写" in capsys.readouterr().err


def test_another_python_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / check_start.BUILT_FILE).write_text(Built("530524", "3.99").to_text(), encoding="ascii")
    monkeypatch.setattr(check_start, "__file__", str(tmp_path / "check_start.py"))
    assert check_start.main() == 2
    assert "Python 3.99" in capsys.readouterr().err
