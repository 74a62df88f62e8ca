"""The packed form of an xlsx workbook: whole, harmless and within limits, before an engine opens it (F-01, F-02)."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator

from ingestion.reader.guards import (
    Extent,
    Limits,
    check_area,
    fits,
    long_cell,
    parsed_extent,
    refuse_document_type,
    refuse_name,
    shared_size,
    text_lengths,
    too_large,
    too_many_cells,
)
from ingestion.reader.refusals import damaged, locked, not_a_table, with_macros

_CHUNK = 1 << 20
_CONTENT, _SHARED_TEXTS = "[Content_Types].xml", "xl/sharedStrings.xml"
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MACRO_PARTS = ("xl/macrosheets/", "xl/dialogsheets/", "xl/activeX/")


def check_package(data: bytes, limits: Limits) -> None:
    """Let an xlsx workbook pass that is whole and within the limits.

    Raises FileProblem F-01 (no workbook, damaged, password, macros, entities, odd paths), F-02 (too large).
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if size > len(data) * limits.max_zip_ratio or size > limits.max_unpacked_mb * 1024 * 1024:
                raise too_large(limits)
            if len(members) > limits.max_parts:
                raise too_large(limits)
            names = {member.filename for member in members}
            for name in names:
                refuse_name(name)
            if any(member.flag_bits & 1 for member in members):
                raise locked()
            if "xl/workbook.xml" not in names:
                raise not_a_table()
            if len(names) < len(members) or any(member.compress_type not in _PACKED for member in members):
                raise damaged()
            if any("vbaProject" in name or name.startswith(_MACRO_PARTS) for name in names):
                raise with_macros()
            _verify(archive, members, limits)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, OSError, struct.error) as problem:
        raise damaged() from problem
    except (ValueError, RuntimeError) as problem:
        raise damaged() from problem


def _pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(member) as part:
        while piece := part.read(_CHUNK):
            yield piece


def _verify(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], limits: Limits) -> None:
    """Read every part once, in pieces: a directory that lies about sizes, bytes gone missing, entities, macros under
    another name, and cells that would make the engine build a sheet of gigabytes show here.

    Reading stops at the size the directory states, and a part that is longer fails its checksum.
    """
    area = cells = 0
    sheets: list[zipfile.ZipInfo] = []
    for member in members:
        try:
            extent = _extent(archive, member)
        except zlib.error as problem:
            raise zipfile.BadZipFile(member.filename) from problem
        if extent.cells:  # any part may be called a sheet, whatever its name
            area += check_area(extent.rows, extent.columns, extent.cells, limits)
            cells += extent.cells
            sheets.append(member)
    if area > limits.max_cells:
        raise too_many_cells(limits)
    names = set(archive.namelist())
    if _CONTENT in names and re.search(rb"vbaProject|macroEnabled|macrosheet", archive.read(_CONTENT), re.IGNORECASE):
        raise with_macros()
    if _SHARED_TEXTS in names:
        _check_texts(archive, sheets, cells, limits)


def _extent(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Extent:
    extent = Extent()
    tail = b""
    for piece in _pieces(archive, member):
        if member.filename.endswith((".xml", ".rels", ".vml")):
            refuse_document_type(tail + piece)
            tail = piece[-32:]
        extent.feed(piece)
    return parsed_extent(_pieces(archive, member)) if extent.is_odd else extent


def _check_texts(archive: zipfile.ZipFile, sheets: list[zipfile.ZipInfo], cells: int, limits: Limits) -> None:
    """Each cell gets its own copy of a text that the workbook keeps once."""
    lengths = text_lengths(archive.read(_SHARED_TEXTS))
    longest = int(lengths.max()) if len(lengths) else archive.getinfo(_SHARED_TEXTS).file_size
    if longest > limits.max_text_bytes:
        raise long_cell()
    if fits(longest * cells, limits):
        return
    if not fits(sum(shared_size(archive.read(sheet), lengths) for sheet in sheets), limits):
        raise too_large(limits)
