"""Bytes to text: what is taken, what is sent back, and that the cure is named."""

from __future__ import annotations

import pytest

from ingestion.reader.decode import bare_utf16, decode_named
from ingestion.table import FileProblem
from tests.unit.ingestion.reader_files import HEADER, csv_text, people, read

TEXT = csv_text([HEADER, *people(3)])


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (TEXT.encode("gb18030"), "gb18030"),
        (TEXT.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
        (b"a,b\n1,2\n", "utf-8"),
    ],
)
def test_the_name_is_the_one_that_reads_the_file(data: bytes, name: str) -> None:
    text, found = decode_named(data)
    assert found == name
    assert data.decode(found) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_mark_is_sent_back_with_the_cure(encoding: str) -> None:
    data = TEXT.encode(encoding)
    assert bare_utf16(data) == encoding
    with pytest.raises(FileProblem) as caught:
        read(data)
    assert caught.value.rule_id == "F-07"
    assert "UTF-16" in caught.value.message
    assert "CSV UTF-8" in caught.value.fix


@pytest.mark.parametrize("data", [b"\x00\x01\x02\x03" * 50, b"a\x00b,c\n", bytes(range(256)) * 4])
def test_binary_is_no_text(data: bytes) -> None:
    with pytest.raises(FileProblem) as caught:
        read(data)
    assert caught.value.rule_id in ("F-01", "F-07")


def test_big5_is_not_taken_for_gb18030_in_silence() -> None:
    """Its bytes may decode, but no title of the contract comes out."""
    with pytest.raises(FileProblem) as caught:
        read("戶主姓名,戶主證件號\n張某,1\n".encode("big5"))
    assert caught.value.rule_id in ("F-07", "F-11")
