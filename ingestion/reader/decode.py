"""Bytes to text without guessing (GEN-02, F-07)."""

from __future__ import annotations

import codecs
import re

import numpy as np
import pyarrow as pa

from ingestion.normalise.problems import file_problem
from ingestion.table import FileProblem

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PROBE = 65_536
HAN = re.compile("[㐀-鿿豈-﫿\U00020000-\U0003ffff]")


def decode(data: bytes) -> str:
    """Text of `data`; see `decode_named`."""
    return decode_named(data)[0]


def decode_named(data: bytes) -> tuple[str, str]:
    """Text of `data` and the name of its encoding: by its byte order mark, else strict UTF-8, else strict GB18030.

    GB18030 and not GBK or GB2312, which lack characters of people's names; no statistics, no replacement characters.
    The names are those under which Python decodes the whole file: utf-8-sig, utf-16, utf-8, gb18030.
    Raises FileProblem F-07 naming the first bad byte.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            body = data[len(mark) :]
            try:
                return body.decode(encoding), "utf-8-sig" if encoding == "utf-8" else "utf-16"
            except UnicodeDecodeError as problem:
                raise _undecodable(body, encoding, problem) from None
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as not_utf8:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as not_gb18030:
            # The codec that came further is the one the file was meant to be in.
            if not_gb18030.start > not_utf8.start:
                raise _undecodable(data, "gb18030", not_gb18030) from None
            raise _undecodable(data, "utf-8", not_utf8) from None
        if not HAN.search(text):
            raise _undecodable(data, "utf-8", not_utf8) from None
        return text, "gb18030"


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are strict UTF-8, told without making a text of them."""
    buffers = [None, pa.py_buffer(np.array([0, len(data)], np.int64)), pa.py_buffer(data)]
    try:
        pa.LargeBinaryArray.from_buffers(pa.large_binary(), 1, buffers).cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def bare_utf16(data: bytes) -> str | None:
    """``utf-16-le`` or ``utf-16-be`` if the bytes are most likely a table in it without a mark: told to people, never
    used to load."""
    head = data[:_PROBE]
    found = []
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text = head[: len(head) // 2 * 2].decode(encoding)
        except UnicodeDecodeError:
            continue
        plain = sum(character.isprintable() or character in "\t\r\n" for character in text)
        cuts = sum(text.count(cut) for cut in "\t,;\n\r")
        if plain == len(text) and cuts and (HAN.search(text) or text.isascii()):
            found.append((cuts, encoding))
    return max(found)[1] if found else None


def _undecodable(body: bytes, encoding: str, problem: UnicodeDecodeError) -> FileProblem:
    before = body[: problem.start].decode(encoding, errors="ignore")
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return file_problem("F-07", message="第{line}行第{col}列文字编码出错", line=len(lines), col=len(lines[-1]) + 1)
