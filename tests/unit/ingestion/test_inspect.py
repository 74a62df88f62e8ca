"""What `hearth inspect` says of sheets it has never seen."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingestion.commands import app
from ingestion.inspect_file import as_text, inspect_bytes
from tests.unit.ingestion import inspect_cases, inspect_cases_kinds, inspect_cases_more
from tests.unit.ingestion.corpus import corpus
from tests.unit.ingestion.inspect_cases import Case, number, phone

CASES = inspect_cases.CASES | inspect_cases_kinds.CASES | inspect_cases_more.CASES


def _said(case: Case) -> dict[str, object]:
    found = inspect_bytes(case.data).as_json()
    sheet = found["sheets"][case.sheet]
    return {
        "kind": found["kind"],
        "encoding": found["encoding"],
        **{
            key: sheet[key]
            for key in ("title_rows", "header_rows", "columns", "data_rows", "group_rows", "footer_rows")
        },
        "odd": tuple(word for word in case.odd if any(word in text for text in sheet["oddities"])),
    }


@pytest.mark.parametrize("name", CASES)
def test_described_as_a_person_would(name: str) -> None:
    case = CASES[name]
    expected = {
        "kind": case.kind,
        "encoding": case.encoding,
        "title_rows": case.title_rows,
        "header_rows": case.header_rows,
        "columns": case.columns,
        "data_rows": case.data_rows,
        "group_rows": case.group_rows,
        "footer_rows": case.footer_rows,
        "odd": case.odd,
    }
    assert _said(case) == expected


def test_the_first_unseen_set_is_large() -> None:
    assert len(CASES) >= 40


@pytest.mark.parametrize("name", ["ledger/xlsx", "form/csv gb18030", "two header rows/html utf-8", "group rows/xls"])
def test_corpus_is_described(name: str) -> None:
    sheet = inspect_bytes(corpus()[name]).sheets[0]
    assert (len(sheet.columns), sheet.data_rows) == (11, 6)


def _long_numbers(data: bytes) -> set[str]:
    return set(re.findall(r"\d{11,}", inspected(data)))


def inspected(data: bytes) -> str:
    found = inspect_bytes(data)
    return as_text(found) + json.dumps(found.as_json(), ensure_ascii=False)


def test_no_value_of_a_row_is_shown() -> None:
    for case in CASES.values():
        assert _long_numbers(case.data) == set()
        assert "张某" not in inspected(case.data)


def test_a_title_that_holds_a_number_is_masked() -> None:
    titles = f"姓名,证件号码（如{number(1)}）,金额,联系人{phone(3)}"
    shown = inspected(f"{titles}\n张某,1,12,3\n李某,2,13,4\n".encode())
    assert number(1) not in shown
    assert phone(3) not in shown
    assert "***" in shown


def test_rows_without_header_do_not_become_titles() -> None:
    found = inspect_bytes("张某,女,汉族,青石村\n李某,男,彝族,白水村\n".encode())
    assert found.sheets[0].header_rows == []
    assert "汉族" not in inspected("张某,女,汉族,青石村\n李某,男,彝族,白水村\n".encode())


@pytest.mark.parametrize(("data", "rule_id"), [(b"%PDF-1.7", "F-01"), (b"", "F-08"), (b"PK\x03\x04 broken", "F-01")])
def test_what_cannot_be_opened_says_why(data: bytes, rule_id: str) -> None:
    found = inspect_bytes(data)
    assert found.problem is not None
    assert found.as_json()["problem"]["rule_id"] == rule_id
    assert "怎么办" in as_text(found)


def test_a_bad_byte_is_told_and_the_table_described() -> None:
    found = inspect_bytes("姓名,身份证号,金额\n张某,1,12\n".encode() + b"\xff\xff,2,13\n")
    assert found.sheets[0].columns == ["姓名", "身份证号", "金额"]
    assert "F-07" in found.oddities[0]


def test_command(tmp_path: Path) -> None:
    file = tmp_path / "名单.xls"
    file.write_bytes(CASES["html called xls"].data)
    result = CliRunner().invoke(app, ["inspect", str(file), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["kind"] == "html"
    assert "列（5）" in CliRunner().invoke(app, ["inspect", str(file)]).stdout
    file.write_bytes(b"%PDF")
    assert CliRunner().invoke(app, ["inspect", str(file)]).exit_code == 1
