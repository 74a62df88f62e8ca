"""What a file is, by its first bytes; its name is not asked (GEN-01, F-01, F-02)."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from enum import StrEnum

import olefile

from ingestion.normalise.problems import file_problem
from ingestion.table import FileProblem


class FileKind(StrEnum):
    """The shapes that are read."""

    XLSX = "xlsx"
    XLS = "xls"
    HTML = "html"
    XML2003 = "xml2003"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Limits:
    """F-02: packed size, and how many times larger it may be unpacked."""

    max_file_mb: int = 200
    max_zip_ratio: int = 100


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_FOREIGN = (b"%PDF", b"Rar!", b"7z\xbc\xaf", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"{\\rtf", b"\x1f\x8b", b"MZ")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_PROBE = 8192
_CHUNK = 1 << 20
_FILEPASS, _BOUNDSHEET = 0x2F, 0x85
_MACRO_SHEET = 1


def sniff(data: bytes, limits: Limits | None = None) -> FileKind:
    """What `data` is. Nothing is unpacked before the sizes in the zip directory are known to be within the limits.

    Raises FileProblem F-01 (not a table, password, macros, damaged), F-02 (too large), F-08 (no bytes).
    """
    limits = limits or Limits()
    if not data.strip(b"\x00 \t\r\n"):
        raise file_problem("F-08")
    if len(data) > limits.max_file_mb * 1024 * 1024:
        raise _too_large(limits)
    if data.startswith(_OLE):
        return _ole(data)
    if data.startswith(_ZIP):
        return _zip(data, limits)
    if data.startswith(_FOREIGN):
        raise _not_a_table()
    return _text(data)


def _not_a_table() -> FileProblem:
    return file_problem("F-01")


def _locked() -> FileProblem:
    return file_problem(
        "F-01", message="文件设了打开密码，系统读不了", fix="请取消密码（文件→信息→保护工作簿），另存为xlsx后重报"
    )


def _with_macros() -> FileProblem:
    return file_problem("F-01", message="文件含宏，系统不接收", fix="请另存为不含宏的“Excel 工作簿(*.xlsx)”后重报")


def _damaged() -> FileProblem:
    return file_problem("F-01", message="文件已损坏或没有传完整，打不开", fix="请在本机打开检查，另存为xlsx后重报")


def _too_large(limits: Limits) -> FileProblem:
    return file_problem("F-02", message="文件过大或压缩异常（上限{size}MB）", size=limits.max_file_mb)


def _text(data: bytes) -> FileKind:
    if data.startswith(_UTF16):
        head = data[:_PROBE].decode("utf-16", errors="ignore")
    elif b"\x00" in data:
        raise _not_a_table()
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
    whole = data if len(data) < _CHUNK else data[:_CHUNK]
    if re.search(rb"<\s*(html|table)", whole.replace(b"\x00", b""), re.IGNORECASE):
        return FileKind.HTML
    raise _not_a_table()


def _zip(data: bytes, limits: Limits) -> FileKind:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > len(data) * limits.max_zip_ratio:
                raise _too_large(limits)
            names = {member.filename for member in members}
            if any(member.flag_bits & 1 for member in members):
                raise _locked()
            if "xl/workbook.xml" not in names:
                raise _not_a_table()
            if any("vbaProject" in name or name.startswith("xl/macrosheets/") for name in names):
                raise _with_macros()
            _verify(archive, members)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, OSError, struct.error) as problem:
        raise _damaged() from problem
    except ValueError as problem:
        raise _damaged() from problem
    return FileKind.XLSX


def _verify(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Read every part once, in pieces: a directory that lies about sizes, and bytes gone missing, show here.

    Reading stops at the size the directory states, and a part that is longer fails its checksum.
    """
    try:
        for member in members:
            with archive.open(member) as part:
                while part.read(_CHUNK):
                    pass
    except zlib.error as problem:
        raise zipfile.BadZipFile(member.filename) from problem


def _ole(data: bytes) -> FileKind:
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as container:
            streams = {entry[0].lower() for entry in container.listdir(streams=True, storages=True)}
            if "encryptedpackage" in streams:
                raise _locked()
            if streams & {"_vba_project_cur", "macros", "vba"}:
                raise _with_macros()
            name = next((name for name in ("Workbook", "Book") if container.exists(name)), None)
            if name is None:
                raise _not_a_table()
            stream = container.openstream(name).read()
            if len(stream) < container.get_size(name):
                raise _damaged()
    except (OSError, struct.error, IndexError) as problem:
        raise _damaged() from problem
    _globals(stream)
    return FileKind.XLS


def _globals(stream: bytes) -> None:
    """Walk the records before the first sheet: a password record, or a sheet of Excel 4 macros."""
    position = 0
    while position + 4 <= len(stream):
        record, size = struct.unpack_from("<HH", stream, position)
        if record == _FILEPASS:
            raise _locked()
        if record == _BOUNDSHEET and size >= 6 and stream[position + 9] == _MACRO_SHEET:
            raise _with_macros()
        if record == 0x0A:  # end of the workbook's own records
            return
        position += 4 + size
    raise _damaged()
