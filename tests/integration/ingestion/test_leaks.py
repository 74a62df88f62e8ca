"""Canaries: no clear name, number, phone or account of a file in a log, an exception, an XCom, a receipt or a path."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from psycopg import sql

from hearth.bucket import bucket
from hearth.database import Role, connect
from hearth.period import Period
from hearth.settings import Settings
from ingestion import ledger, vault
from ingestion.contract import Privacy, contracts, departments
from ingestion.intake import IntakeFault, discover, take
from ingestion.normalise.text import as_text
from ingestion.read import read_table
from ingestion.sample.county import write_county
from ingestion.table import FileProblem
from tests.integration.ingestion import dibao_files
from tests.integration.ingestion.dibao_files import (
    FOLDER,
    KEY,
    PERIOD,
    drop,
    good,
    id_number,
    secrets_of,
    workbook,
)
from tests.integration.ingestion.returned import saved

pytestmark = pytest.mark.usefixtures("clean_warehouse")
MONTH = Period(2026, 9)
_NAME_KINDS = {"person_name"}
NAMED = dibao_files.name(3)
"""A person in the name of a file."""
_SHORTEST = 8
"""Numbers and addresses; shorter values (a door number, 无) say nothing of a person."""


def canaries(data: bytes, file_name: str, feed_id: str) -> Iterator[str]:
    """Clear direct values of a file, as its sender typed them."""
    contract = contracts()[feed_id]
    direct = {column.name: column for column in contract.columns if column.privacy is Privacy.DIRECT}
    try:
        raw = read_table(data, file_name, contract, MONTH)
    except FileProblem:
        return  # nothing could be read of it, so nothing can leak but its bytes
    for row in raw.rows:
        for name, column in direct.items():
            text = as_text(row.cells.get(name))
            if len(text) >= (3 if column.vault_kind in _NAME_KINDS else _SHORTEST):
                yield text


def harmless() -> str:
    """What intake may say anyway: words of the contracts and the places of the county."""
    texts = [repr(contract) for contract in contracts().values()]
    with connect(Role.OWNER) as connection:
        texts += [name for (name,) in connection.execute("select name from reference.region")]
    return "\n".join(texts)


def everything_kept() -> str:
    """Every table a person without the vault's key may come to see, every path of the bucket, every JSON receipt."""
    with connect(Role.OWNER) as connection:
        tables = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname in ('raw', 'ops', 'quarantine', 'vault')"
        ).fetchall()
        texts = [
            str(row[0])
            for schema, table in tables
            for row in connection.execute(
                sql.SQL("select t::text from {} as t").format(sql.Identifier(schema, table))
            ).fetchall()
        ]
    root = Path(str(bucket()).removeprefix("file://"))
    found = [path for room in ("archive", "outbox") for path in (root / room).rglob("*")]
    texts += [str(path.relative_to(root)) for path in found]
    texts += [path.read_text(encoding="utf-8") for path in found if path.suffix == ".json"]
    return "\n".join(texts)


def leaked(secrets: set[str], text: str) -> list[str]:
    """Kinds of what leaked: the length only, for the report of a test is a log as well."""
    return sorted(f"a value of {len(secret)} characters" for secret in secrets if secret in text)


def sheet_of_a_person() -> bytes:
    """A workbook whose sheet is called after a person, with a row that comes back and one that is remarked on."""
    rows = good(20)
    rows[4]["covered_count"] = "三个人"
    rows[6]["phone_number"] = "08751234567"
    book = openpyxl.load_workbook(io.BytesIO(workbook(rows)))
    book.worksheets[0].title = NAMED
    return saved(book)


def intake_at_debug() -> str:
    """All that the real program says when everything is logged. In a process of its own: loggers keep their level."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "default", "-m", "hearth", "intake"],
        env={**os.environ, "HEARTH_LOG_LEVEL": "DEBUG", "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG"},
        check=False,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout + done.stderr


def test_the_sample_county_leaves_no_clear_value(clean_warehouse: Settings) -> None:
    manifest = write_county([MONTH], 40, 7, bucket())
    secrets = {
        text
        for file in manifest.files
        if file.feed is not None
        for text in canaries(
            (bucket() / file.path).read_bytes(), Path(file.path).name, f"{file.department}.{file.feed}"
        )
    }
    usual = harmless()
    secrets = {secret for secret in secrets if secret not in usual} | {NAMED, id_number(3)}
    assert len(secrets) > 300
    drop(f"{FOLDER}/{NAMED}/低保{NAMED}{id_number(3)}.xlsx", sheet_of_a_person())
    drop(f"inbox/{NAMED}.xlsx", b"x")
    keys = [key for department in (*departments(), None) for key in discover(department)]
    said = intake_at_debug()
    entries = ledger.submissions()
    assert len(entries) == len(manifest.files) + 2 == len(keys)
    assert said.count("file taken") == len(keys)
    assert "[debug" in said
    assert leaked(secrets, said) == []
    xcoms = [keys, [entry.submission_id for entry in entries]]
    assert leaked(secrets, repr(xcoms)) == []
    assert leaked(secrets, everything_kept()) == []
    (own,) = [entry for entry in entries if entry.period == str(PERIOD) and entry.rows_received == 20]
    receipt = take(f"submission/{own.submission_id}")
    shown = openpyxl.load_workbook(io.BytesIO((bucket() / receipt.folder_key / "回执.xlsx").read_bytes()))
    assert f"低保{NAMED}***.xlsx" in [row[1] for row in shown["回执"].iter_rows(values_only=True)]
    assert NAMED in [row[0] for row in shown["提示"].iter_rows(values_only=True)]
    returned = (bucket() / receipt.folder_key / "更正表.xlsx").read_bytes()
    assert NAMED in openpyxl.load_workbook(io.BytesIO(returned)).sheetnames


def test_a_refusal_names_a_sheet_by_its_place_and_to_its_sender_by_its_name() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(good(3))))
    book.worksheets[0].title = NAMED
    book.create_sheet("Sheet2")
    book.worksheets[0].sheet_state = "hidden"
    book.active = 1
    receipt = take(drop(KEY, saved(book)))
    assert receipt.reason is not None
    assert receipt.reason.rule_id == "F-10"
    assert "“工作表1”" in receipt.reason.message
    assert leaked({NAMED}, everything_kept()) == []
    shown = openpyxl.load_workbook(io.BytesIO((bucket() / receipt.folder_key / "回执.xlsx").read_bytes()))
    assert any(f"“{NAMED}”" in str(row[1]) for row in shown["回执"].iter_rows(values_only=True))


def test_a_broken_bucket_does_not_quote_the_name_of_a_file(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = NAMED
    dropped, stray = f"{FOLDER}/低保{person}.xlsx", f"inbox/{person}.xlsx"

    def broken(path: object) -> bytes:
        raise PermissionError(13, f"denied: {path}")

    with caplog.at_level(logging.DEBUG):
        for key in (dropped, stray):
            drop(key, b"x")
        monkeypatch.setattr(type(bucket()), "read_bytes", broken)
        for key in (dropped, discover("civil_affairs")[0]):
            with pytest.raises(OSError, match="PermissionError in the bucket") as caught:
                take(key)
            assert caught.value.__context__ is None
            assert leaked({person}, repr(caught.value) + str(caught.value) + caplog.text) == []
        with pytest.raises(FileNotFoundError) as missing:
            take(f"{FOLDER}/低保{person}2.xlsx")
    assert leaked({person}, str(missing.value)) == []


BROKEN = {
    "the vault refuses": "alter table vault.entry add constraint planted check (kind <> 'person_name')",
    "raw refuses": "alter table raw.civil_affairs__dibao add constraint planted check (member_count <> 3)",
    "quarantine refuses": "alter table quarantine.row add constraint planted check (source_row < 0)",
    "findings are refused": "alter table ops.row_finding add constraint planted check (source_row < 0)",
}


@pytest.mark.parametrize("statement", BROKEN.values(), ids=BROKEN)
def test_a_database_that_quotes_the_row_is_not_quoted(
    statement: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = good(30)
    rows[4]["covered_count"] = rows[4]["head_name"]
    table = statement.split()[2]
    with connect(Role.OWNER) as connection:
        connection.execute(statement.encode())
    try:
        with caplog.at_level(logging.DEBUG), pytest.raises(IntakeFault) as caught:
            take(drop(KEY, workbook(rows)))
    finally:
        with connect(Role.OWNER) as connection:
            connection.execute(f"alter table {table} drop constraint planted".encode())
    told = [str(caught.value), repr(caught.value), caplog.text, *capsys.readouterr()]
    assert "CheckViolation" in told[0]
    assert leaked(secrets_of(rows), "\n".join(told)) == []
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_a_broken_vault_does_not_quote_what_it_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = good(3)
    take(drop(KEY, workbook(rows)))
    with connect(Role.OWNER) as connection:
        (token,) = connection.execute("select min(token) from vault.entry where kind = 'person_name'").fetchone() or ()
        connection.execute("update vault.entry set ciphertext = ciphertext || 'x' where token = %s", [token])
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, it must not quote
        vault.open_values([token], "person_name", who="test", purpose="proof")
    assert leaked(secrets_of(rows), repr(caught.value) + str(caught.value)) == []
