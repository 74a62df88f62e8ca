"""The scanner finds an identifier in every kind of file that goes out, and lets a sender's own pass."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from publishing.access.leaks import Leak, identifiers, scan

ID = "52009919800101001"
ID += next(digit for digit in "0123456789X" if identifiers(ID + digit)["id_number"])
PHONE = "13800000000"


def workbook(value: object) -> bytes:
    book, held = openpyxl.Workbook(), io.BytesIO()
    book.create_sheet("明细").append(["张某", value])
    book.save(held)
    return held.getvalue()


def parquet(value: str) -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.table({"note": ["ok", value]}), held)
    return held.getvalue()


def archive(data: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as pack:
        pack.writestr("inside.csv", data)
    return held.getvalue()


FILES = {
    "json": f'{{"note": "{ID}"}}'.encode(),
    "csv in GBK": f"身份证号,{ID}".encode("gb18030"),
    "workbook": workbook(ID),
    "parquet": parquet(ID),
    "archive": archive(ID.encode()),
}


@pytest.mark.parametrize("kind", FILES)
def test_found_wherever_it_stands(kind: str) -> None:
    assert scan([("packs/a", FILES[kind])]) == [Leak("packs/a", "id_number", 1)]
    assert ID not in str(scan([("packs/a", FILES[kind])]))


def test_a_number_typed_as_a_number_is_found_too() -> None:
    assert scan([("packs/a", workbook(int(PHONE)))]) == [Leak("packs/a", "phone_number", 1)]


def test_a_sender_gets_its_own_back_and_no_others() -> None:
    other = ID[:5] + "8" + ID[6:17]
    other += next(digit for digit in "0123456789X" if identifiers(other + digit)["id_number"])
    sent = workbook(ID)
    assert scan([("outbox/a", workbook(ID))], own=lambda _: sent) == []
    assert scan([("outbox/a", workbook(f"{ID} {other}"))], own=lambda _: sent) == [Leak("outbox/a", "id_number", 1)]


@pytest.mark.parametrize("text", ["530524000000000001", "5305240000000012", "20261122", "a" * 64, "1" * 30])
def test_household_numbers_and_hashes_are_no_identifiers(text: str) -> None:
    assert scan([("packs/a", text.encode())]) == []
