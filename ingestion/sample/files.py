"""What befalls finished files: a password, nonsense, a lost byte. The same each time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import msoffcrypto.method.ecma376_agile as agile
from msoffcrypto.format.ooxml import OOXMLFile


@contextmanager
def _steady_salt(rng: Random) -> Iterator[None]:
    """Let the encryption draw its salts from `rng`: these files guard nothing and must come out the same each time."""
    drawn = agile._random_buffer
    agile._random_buffer = rng.randbytes
    try:
        yield
    finally:
        agile._random_buffer = drawn


def lock(workbook: bytes, rng: Random) -> bytes:
    """The workbook under a password, as Excel stores it (ECMA-376 agile encryption in an OLE container)."""
    target = io.BytesIO()
    with _steady_salt(rng):
        OOXMLFile(io.BytesIO(workbook)).encrypt("sample", target)
    return _without_filetimes(target.getvalue())


def _without_filetimes(container: bytes) -> bytes:
    """Clear creation and change times in the directory entries of an OLE container (bytes 100 to 115 of 128 each)."""
    content = bytearray(container)
    directory = int.from_bytes(content[48:52], "little")
    start = 512 + 512 * directory
    for entry in range(start, len(content) - 127, 128):
        is_entry = content[entry + 66] in {1, 2, 5} and content[entry + 64] in range(2, 65)
        if not is_entry:
            break
        content[entry + 100 : entry + 116] = bytes(16)
    return bytes(content)


def not_a_workbook(rng: Random) -> bytes:
    """Bytes of no format at all under the name of a workbook; no first bytes that any format begins with."""
    return b"\x07\x08\x0e" + rng.randbytes(6000)


def damage(text: bytes) -> bytes:
    """Text with one byte lost to transmission in its middle: 0xFF begins no character in UTF-8 nor in GB18030."""
    middle = len(text) // 2
    return text[:middle] + b"\xff" + text[middle + 1 :]
