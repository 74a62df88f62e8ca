"""From bytes to sheets: what the file is, its encoding, and the cells of its sheets (GEN-01 to GEN-04)."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ingestion.reader.decode import decode_named
from ingestion.reader.delimited import delimiter_of, read_delimited, read_large
from ingestion.reader.grid import Book
from ingestion.reader.guards import Limits
from ingestion.reader.markup import read_html, read_xml2003
from ingestion.reader.sniff import FileKind, sniff
from ingestion.reader.workbook import read_xls, read_xlsx

_DECLARED = re.compile(rb"<\?xml[^>]*encoding=[\"']([A-Za-z0-9_.-]{1,40})[\"']")


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that could be opened."""

    kind: str
    """xlsx, xls, html, xml2003, csv or tsv."""
    encoding: str | None
    """Python's name of the text encoding; None for packed workbooks, whose text has no encoding of its own."""
    book: Book


def limits_of(parameters: Mapping[str, Decimal | str]) -> Limits:
    """Limits from the parameters in force."""
    return Limits(
        max_file_mb=int(parameters["max_file_mb"]),
        max_zip_ratio=int(parameters["max_zip_ratio"]),
        max_unpacked_mb=int(parameters["max_unpacked_mb"]),
        max_cells=int(parameters["max_cells"]),
    )


def open_file(data: bytes, limits: Limits) -> Opened:
    """The sheets of a file of any accepted kind. Raises FileProblem F-01, F-02, F-03, F-07, F-08."""
    match sniff(data, limits):
        case FileKind.XLSX:
            return Opened("xlsx", None, read_xlsx(data))
        case FileKind.XLS:
            return Opened("xls", None, read_xls(data, limits))
        case FileKind.XML2003:
            declared = _DECLARED.search(data[:200])
            encoding = declared[1].decode().lower() if declared else "utf-8"
            return Opened("xml2003", encoding, read_xml2003(data, limits))
        case FileKind.HTML:
            text, encoding = decode_named(data)
            return Opened("html", encoding, read_html(text, limits))
        case FileKind.TEXT:
            body = data.removeprefix(BOM_UTF8)
            if (large := read_large(body, limits)) is not None:
                return Opened(_text_kind(large[1]), "utf-8" if body is data else "utf-8-sig", large[0])
            text, encoding = decode_named(data)
            return open_text(text, encoding, limits)


def open_text(text: str, encoding: str, limits: Limits) -> Opened:
    """Delimited text that is decoded already."""
    return Opened(_text_kind(delimiter_of(text)), encoding, read_delimited(text, limits))


def _text_kind(delimiter: str) -> str:
    return "tsv" if delimiter == "\t" else "csv"
