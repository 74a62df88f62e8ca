"""The pictures of the clerk's guide, made anew from what the system really writes: `make pictures`.

Template, receipt, return workbook and offline check of one file of the sample county, taken in by an installation of
their own. LibreOffice prints each to PDF, pdftoppm (poppler-utils) makes a PNG of its first page.
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import openpyxl
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from hearth.period import Period
from hearth.settings import PROJECT_ROOT, settings
from ingestion.workbook import SHEET_RECEIPT

FOLDER = PROJECT_ROOT / "docs" / "images"
_COUNTY, _FEED, _MONTH, _HOUSEHOLDS, _SEED = "530524", "civil_affairs.dibao", Period(2026, 10), 300, 7
_WIDTH = 1400
_ROWS, _FEW = 26, 7
_COLOUR = "FFD966"
"""Of a wrong cell."""
_PROGRAMS = ("soffice", "pdftoppm")


@dataclass(frozen=True, slots=True)
class Picture:
    """A part of one sheet; the rest of the workbook is not printed."""

    name: str
    workbook: bytes
    sheet: str
    area: str | None = None
    is_list: bool = False
    """A list of rows with many columns."""


@contextmanager
def _installation() -> Iterator[None]:
    """A migrated database and an empty bucket, gone afterwards."""
    from hearth.migrate import migrate
    from hearth.services import postgres

    home = Path(tempfile.mkdtemp(prefix="hearth-pictures-"))
    home.chmod(0o755)  # PostgreSQL's system user must be able to enter it
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    os.environ |= {
        "HEARTH_HOME": str(home),
        "HEARTH_PG_PORT": str(port),
        "HEARTH_PG_FSYNC": "false",
        "HEARTH_COUNTY_CODE": _COUNTY,
        "AIRFLOW_HOME": str(home / "airflow"),
    }
    settings.cache_clear()
    try:
        with postgres.running():
            migrate()
            yield
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _pictures() -> Iterator[Picture]:
    from hearth.bucket import bucket
    from ingestion import template
    from ingestion.contract import contracts
    from ingestion.intake import take
    from ingestion.sample.county import write_county

    contract = contracts()[_FEED]
    wanted = template.edition(contract, _MONTH, _MONTH)
    yield Picture("template", template.template(wanted, _COUNTY), template.SHEET_DATA, "A1:J9")
    manifest = write_county([_MONTH], _HOUSEHOLDS, _SEED, bucket())
    (file,) = [file for file in manifest.good(_FEED) if file.period == str(_MONTH)]
    data = (bucket() / file.path).read_bytes()
    receipt = take(file.path)
    for path in sorted((bucket() / receipt.folder_key).iterdir()):
        if path.name.endswith(".xlsx"):
            yield from _answered(path.read_bytes())
    yield from _answered(_to_mend(data, Path(file.path).name), "check")


def _answered(data: bytes, name: str = "return") -> Iterator[Picture]:
    """The receipt, and the list of rows that came back: the sheet that says of each row how to mend it."""
    for sheet in openpyxl.load_workbook(io.BytesIO(data)).worksheets:
        titles = [cell.value for cell in sheet[1]]
        if sheet.title == SHEET_RECEIPT:
            yield Picture("receipt", data, sheet.title)
        elif "怎么改" in titles and len(titles) > _FEW and sheet.sheet_state == "visible":
            yield Picture(name, data, sheet.title, is_list=True)


def _to_mend(data: bytes, name: str) -> bytes:
    """What the offline check writes beside the file."""
    from ingestion.check import check_file
    from ingestion.check_app import rows_to_mend

    with tempfile.TemporaryDirectory(prefix="hearth-picture-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        returned = rows_to_mend(check_file(path, feed_id=_FEED, period=str(_MONTH), county_code=_COUNTY))
    if returned is None:
        raise LookupError(f"the sample county's file [{name}] has no row to mend; choose another seed")
    return returned.data


def _shown(sheet: Worksheet, picture: Picture) -> str:
    """The part to print, as an area; of a list only its first columns and those with a coloured cell."""
    rows = min(sheet.max_row, _ROWS)
    if picture.area is not None:
        return picture.area
    if picture.is_list:
        for number, column in enumerate(sheet.iter_cols(min_col=_FEW + 2, max_row=rows), _FEW + 2):
            if not any(str(cell.fill.fgColor.rgb).endswith(_COLOUR) for cell in column):
                sheet.column_dimensions[get_column_letter(number)].hidden = True
    return f"A1:{get_column_letter(sheet.max_column)}{rows}"


def _cut(picture: Picture) -> bytes:
    """The workbook with one sheet to print, and of it one part, on one page."""
    book = openpyxl.load_workbook(io.BytesIO(picture.workbook))
    for sheet in book.worksheets:
        sheet.sheet_state = "visible" if sheet.title == picture.sheet else "hidden"
    sheet = next(sheet for sheet in book.worksheets if sheet.title == picture.sheet)
    book.active = book.worksheets.index(sheet)
    sheet.print_area = _shown(sheet, picture)
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth = sheet.page_setup.fitToHeight = 1
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_options.gridLines = True
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _render(picture: Picture, folder: Path) -> Path:
    with tempfile.TemporaryDirectory(prefix="hearth-picture-") as name:
        work = Path(name)
        source = work / f"{picture.name}.xlsx"
        source.write_bytes(_cut(picture))
        profile = f"-env:UserInstallation={(work / 'profile').as_uri()}"
        subprocess.run(
            [
                shutil.which("soffice") or "",
                profile,
                "--headless",
                "--convert-to",
                "pdf",
                "--outdir",
                str(work),
                str(source),
            ],
            check=True,
            capture_output=True,
        )
        target = folder / picture.name
        size = ["-scale-to-x", str(_WIDTH), "-scale-to-y", "-1"]
        subprocess.run(
            [
                shutil.which("pdftoppm") or "",
                "-png",
                "-singlefile",
                *size,
                str(source.with_suffix(".pdf")),
                str(target),
            ],
            check=True,
        )
    return target.with_suffix(".png")


def _trim(path: Path) -> None:
    """Cut the empty paper away and use few colours: a page in a guide is not a photograph."""
    from PIL import Image, ImageChops

    with Image.open(path) as picture:
        flat = picture.convert("RGB")
    paper = Image.new("RGB", flat.size, (255, 255, 255))
    left, top, right, bottom = ImageChops.difference(flat, paper).getbbox() or (0, 0, *flat.size)
    edge = 12
    box = (max(left - edge, 0), max(top - edge, 0), min(right + edge, flat.width), min(bottom + edge, flat.height))
    flat.crop(box).quantize(32).save(path, optimize=True)


def main() -> int:
    """Make every picture anew. Exit code 1 when a program that is needed is not installed."""
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if missing:
        sys.stderr.write(f"not installed: {', '.join(missing)}; on Debian: libreoffice-calc, poppler-utils\n")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _installation():
        for picture in _pictures():
            made = _render(picture, FOLDER)
            _trim(made)
            sys.stdout.write(f"{made.relative_to(PROJECT_ROOT)} ({made.stat().st_size // 1024} KB)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
