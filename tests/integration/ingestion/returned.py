"""A clerk at work on a return workbook."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from hearth.bucket import bucket
from hearth.database import Role, connect
from ingestion.intake import take
from ingestion.marks import OUR_HEADERS
from ingestion.receipt import Receipt
from tests.integration.ingestion.dibao_files import FOLDER, drop, good

RAW = "civil_affairs__dibao"


def query(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connect(Role.OWNER) as connection:
        return connection.execute(statement.encode(), values).fetchall()


def states() -> dict[str, str]:
    return dict(query("select submission_id, state from ops.submission"))


def raw_rows(submission_id: str) -> dict[int, tuple[Any, ...]]:
    """Row of the sender's file -> (household number, covered persons) of one submission."""
    rows = query(
        f"select source_row, household_no, covered_count from raw.{RAW} where submission_id = %s", submission_id
    )
    assert len({row[0] for row in rows}) == len(rows)
    return {row[0]: row[1:] for row in rows}


def wrong(count: int = 40, faults: Sequence[int] = (5, 10)) -> list[dict[str, Any]]:
    """Rows of which some have an impossible cell; rows of the file are one more than the numbers of the faults."""
    rows = good(count)
    for serial in faults:
        rows[serial - 1]["covered_count"] = "三个人"
    return rows


def path_of(receipt: Receipt) -> Any:
    return bucket() / receipt.folder_key / "更正表.xlsx"


def book_of(receipt: Receipt) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(path_of(receipt).read_bytes()))


def rows_of(sheet: Worksheet) -> dict[str, int]:
    """原行号 -> row of the workbook."""
    place = OUR_HEADERS.index("原行号") + 1
    return {str(sheet.cell(row, place).value): row for row in range(2, sheet.max_row + 1)}


def column_of(sheet: Worksheet, title: str) -> int:
    return next(cell.column for cell in sheet[1] if cell.value == title)


def saved(book: openpyxl.Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def mend(
    receipt: Receipt,
    cells: Mapping[tuple[int, str], object],
    *,
    delete: Sequence[int] = (),
    sheet_name: str = "Sheet",
) -> bytes:
    """The return workbook of a receipt with cells changed, by row of the sender's file and title, and rows deleted."""
    book = book_of(receipt)
    sheet = book[sheet_name]
    places = rows_of(sheet)
    for (row, title), value in cells.items():
        sheet.cell(places[str(row)], column_of(sheet, title)).value = value  # type: ignore[assignment]  # any cell value
    for row in sorted((places[str(row)] for row in delete), reverse=True):
        sheet.delete_rows(row)
    return saved(book)


def send_back(data: bytes, name: str = "改好了.xlsx", folder: str = FOLDER) -> Receipt:
    return take(drop(f"{folder}/{name}", data))


def soffice() -> str | None:
    return shutil.which("soffice")


def through_libreoffice(data: bytes, folder: Path, target: str = "xlsx") -> bytes:
    """The workbook as LibreOffice saves it."""
    program = soffice()
    assert program is not None
    source = folder / "in" / "更正表.xlsx"
    source.parent.mkdir(parents=True)
    source.write_bytes(data)
    subprocess.run(
        [
            program,
            f"-env:UserInstallation=file://{folder}/profile",
            "--headless",
            "--convert-to",
            target,
            "--outdir",
            str(folder / "out"),
            str(source),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    (made,) = (folder / "out").iterdir()
    return made.read_bytes()
