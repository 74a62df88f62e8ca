"""What a file is, by its first bytes; its name is not asked (GEN-01, F-01, F-02)."""

from __future__ import annotations

import re
from enum import StrEnum

from ingestion.normalise.problems import file_problem
from ingestion.reader.biff import refuse_locked_or_macros, workbook_stream
from ingestion.reader.decode import bare_utf16
from ingestion.reader.guards import Limits, too_large
from ingestion.reader.package import check_package
from ingestion.reader.refusals import not_a_table, utf16_without_mark


class FileKind(StrEnum):
    """The shapes that are read."""

    XLSX = "xlsx"
    XLS = "xls"
    HTML = "html"
    XML2003 = "xml2003"
    TEXT = "text"


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_FOREIGN = (b"%PDF", b"Rar!", b"7z\xbc\xaf", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"{\\rtf", b"\x1f\x8b", b"MZ")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_PROBE = 8192
_NOTHING = b"\x00 \t\r\n"
_MARKED = 1 << 20


def sniff(data: bytes, limits: Limits | None = None) -> FileKind:
    """What `data` is. Nothing is unpacked before the sizes in the zip directory are known to be within the limits.

    Raises FileProblem F-01 (not a table, password, macros, damaged), F-02 (too large), F-08 (no bytes).
    """
    limits = limits or Limits()
    if not data[:_PROBE].strip(_NOTHING) and not data.strip(_NOTHING):
        raise file_problem("F-08")
    if len(data) > limits.max_file_mb * 1024 * 1024:
        raise too_large(limits)
    if data.startswith(_OLE):
        refuse_locked_or_macros(workbook_stream(data))
        return FileKind.XLS
    if data.startswith(_ZIP):
        check_package(data, limits)
        return FileKind.XLSX
    if data.startswith(_FOREIGN):
        raise not_a_table()
    return _text(data)


def _text(data: bytes) -> FileKind:
    if data.startswith(_UTF16):
        head = data[:_PROBE].decode("utf-16", errors="ignore")
    elif b"\x00" in data:
        raise utf16_without_mark() if bare_utf16(data) else not_a_table()
    else:
        # Only ASCII marks are looked for, and they look the same in UTF-8 and GB18030.
        head = data[:_PROBE].removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    head = head.lstrip("\ufeff \t\r\n").lower()
    if not head.startswith("<"):
        return FileKind.TEXT
    if "urn:schemas-microsoft-com:office:spreadsheet" in head and "<html" not in head:
        return FileKind.XML2003
    if 'progid="excel.sheet"' in head:
        return FileKind.XML2003
    whole = data if len(data) < _MARKED else data[:_MARKED]
    if re.search(rb"<\s*(html|table)", whole.replace(b"\x00", b""), re.IGNORECASE):
        return FileKind.HTML
    raise not_a_table()
