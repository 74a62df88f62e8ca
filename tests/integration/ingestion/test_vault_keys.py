"""The vault in a real database: who may read it, what is logged, and keys that are replaced."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet

from hearth import secrets
from hearth.database import Role, connect
from hearth.migrate import migrate
from hearth.secrets import MissingSecret
from hearth.settings import settings
from ingestion import keys, vault
from ingestion.intake import take
from ingestion.keys import Purpose, WrongKey
from ingestion.quarantine import returned_rows
from tests.integration.ingestion.dibao_files import KEY, drop, good, id_number, name, workbook
from tests.integration.ingestion.test_intake import query, two_wrong

pytestmark = pytest.mark.usefixtures("own_keys")


@pytest.fixture
def own_keys(clean_warehouse: object) -> Iterator[None]:
    """Keys of this test alone, as its database is empty; passwords stay."""
    folder = settings().secrets_dir
    kept = folder.with_name("secrets-kept")
    shutil.copytree(folder, kept)
    for purpose in Purpose:
        for version in secrets.versions(purpose):
            secrets.forget_secret(keys.file_name(purpose, version))
    yield
    shutil.rmtree(folder)
    kept.rename(folder)


def open_one(serial: int) -> str | None:
    token = query("select head_id_number_hash from raw.civil_affairs__dibao order by source_row offset %s", serial)
    return vault.open_values([token[0][0]], "id_number", who="审计员甲", purpose="复核").get(token[0][0])


def intake_of_thirty() -> str:
    receipt = take(drop(KEY, workbook(two_wrong())))
    assert (receipt.rows_accepted, receipt.rows_rejected) == (28, 2)
    return receipt.submission_id


# ---------------------------------------------------------------- reading
READS = {
    "a ciphertext": "select ciphertext from vault.entry",
    "everything of an entry": "select * from vault.entry",
    "the function of the vault": "select * from vault.open_entries('id_number', array['x'], 'me', 'curious')",
    "the keys of rejected rows": "select * from vault.open_row_keys('x', 'me', 'curious')",
    "a data key": "select * from vault.data_key",
}
FORBIDDEN = [
    *((role, read) for role in Role if role not in {Role.OWNER, Role.VAULT, Role.AIRFLOW} for read in READS),
    (Role.VAULT, "a ciphertext"),
    (Role.VAULT, "everything of an entry"),
]


@pytest.mark.parametrize(("role", "read"), FORBIDDEN, ids=[f"{role.name}: {read}" for role, read in FORBIDDEN])
def test_no_other_role_reads_the_vault(role: Role, read: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), connect(role) as connection:
        connection.execute(READS[read].encode())


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.OWNER, Role.AIRFLOW}])
@pytest.mark.parametrize(
    "statement",
    [
        "insert into ops.access_log (who, purpose, kind, entry_count) values ('a', 'b', 'c', 0)",
        "update ops.access_log set who = 'nobody'",
        "delete from ops.access_log",
    ],
)
def test_nobody_writes_the_log_by_hand(role: Role, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), connect(role) as connection:
        connection.execute(statement.encode())


def test_every_read_is_logged_also_an_empty_one() -> None:
    intake_of_thirty()
    before = len(query("select 1 from ops.access_log"))
    assert open_one(0) == id_number(1)
    assert vault.open_values(["0" * 64], "person_name", who="审计员甲", purpose="复核") == {}
    lines = query("select who, purpose, kind, entry_count from ops.access_log order by access_id offset %s", before)
    assert lines == [("审计员甲", "复核", "id_number", 1), ("审计员甲", "复核", "person_name", 0)]


def test_a_read_that_cannot_be_logged_gives_nothing() -> None:
    with pytest.raises(psycopg.errors.CheckViolation), connect(Role.VAULT) as connection:
        connection.execute("select * from vault.open_entries('id_number', array['x'], ' ', 'because')")


def test_swapped_ciphertexts_do_not_open() -> None:
    """Somebody with rights over the database cannot give one person another's number."""
    intake_of_thirty()
    with connect(Role.OWNER) as connection:
        connection.execute(
            "update vault.entry set ciphertext = (select e.ciphertext from vault.entry as e"
            " where e.kind = 'id_number' order by e.token limit 1) where kind = 'id_number'"
        )
    opened: list[str | None] = []
    refused = 0
    for serial in range(3):
        try:
            opened.append(open_one(serial))
        except InvalidTag:
            refused += 1
    assert refused >= 2
    assert set(opened) <= {id_number(serial + 1) for serial in range(3)}


# ---------------------------------------------------------------- keys
def test_store_keeps_each_value_once_under_the_first_submission() -> None:
    first, second = vault.sealer("SUB-1"), vault.sealer("SUB-2")
    assert first.key.key_id != second.key.key_id
    assert vault.sealer("SUB-1").key.key_id == first.key.key_id

    def values(*names: str) -> dict[str, vault.Hashed]:
        return {"person_name": first.hashed("person_name", pa.array(names))}

    assert vault.store(values("慕容甲", "慕容乙"), first) == 2
    assert vault.store(values("慕容乙", "慕容丙"), second) == 1
    assert query("select first_submission_id, count(*) from vault.entry group by 1 order by 1") == [
        ("SUB-1", 2),
        ("SUB-2", 1),
    ]


def test_a_value_that_another_writer_brings_meanwhile_is_kept_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two intakes ask for the same new names before either has written them: the later one goes on with the rest."""
    first, second = vault.sealer("SUB-1"), vault.sealer("SUB-2")
    names = {"person_name": first.hashed("person_name", pa.array(["慕容甲", "慕容乙", "慕容丙"]))}
    some = {"person_name": first.hashed("person_name", pa.array(["慕容乙"]))}
    ask, asked = vault._missing, []

    def ask_and_let_another_write(cursor: psycopg.Cursor[Any]) -> pa.Array:
        found = ask(cursor)
        asked.append(len(found))
        if asked == [3]:
            assert vault.store(some, first) == 1
        return found

    monkeypatch.setattr(vault, "_missing", ask_and_let_another_write)
    assert vault.store(names, second) == 2
    assert asked == [3, 1, 2]  # of the three, of the other's one, and of the three once more
    assert query("select first_submission_id, count(*) from vault.entry group by 1 order by 1") == [
        ("SUB-1", 1),
        ("SUB-2", 2),
    ]


def test_a_value_that_is_given_twice_ends_in_an_error_and_not_in_a_loop() -> None:
    sealing = vault.sealer("SUB-1")
    with pytest.raises(psycopg.errors.UniqueViolation):
        vault.store({"person_name": sealing.hashed("person_name", pa.array(["慕容甲", "慕容甲"]))}, sealing)
    assert query("select count(*) from vault.entry") == [(0,)]


def test_a_new_wrapping_key_touches_no_value_and_opens_all() -> None:
    number = intake_of_thirty()
    before = query("select kind, token, ciphertext, key_id from vault.entry order by 1, 2")
    wrapped = query("select wrapped from vault.data_key")
    version, count = keys.rotate_wrapping_key()
    assert (version, count) == (2, 1)
    assert query("select kind, token, ciphertext, key_id from vault.entry order by 1, 2") == before
    assert query("select wrapped from vault.data_key") != wrapped
    keys.retire_key(Purpose.WRAP, 1)
    assert secrets.versions(Purpose.WRAP) == [2]
    assert open_one(0) == id_number(1)
    assert [cell.text for row in returned_rows(number) for cell in row.cells if cell.column == "head_name"] == [
        name(5),
        name(10),
    ]
    assert query("select distinct wrapping_version from vault.data_key") == [(2,)]
    vault.sealer("SUB-new")
    assert query("select distinct wrapping_version from vault.data_key") == [(2,)]


def test_a_wrapping_key_in_use_is_not_retired() -> None:
    intake_of_thirty()
    with pytest.raises(ValueError, match="rotate first"):
        keys.retire_key(Purpose.WRAP, 1)
    keys.rotate_wrapping_key()
    with connect(Role.OWNER) as connection:  # a data key that a restore brought back
        connection.execute("update vault.data_key set wrapping_version = 1")
    with pytest.raises(ValueError, match="still wraps"):
        keys.retire_key(Purpose.WRAP, 1)
    assert secrets.versions(Purpose.WRAP) == [1, 2]


def test_a_lost_key_is_said_and_never_made_anew() -> None:
    intake_of_thirty()
    for purpose, step in ((Purpose.WRAP, lambda: open_one(0)), (Purpose.TOKEN, lambda: vault.sealer("SUB-2"))):
        secrets.forget_secret(keys.file_name(purpose, 1))
        with pytest.raises(MissingSecret, match=rf"\[{purpose.value}.1\]"):
            step()
        assert secrets.versions(purpose) == []
        vault_key_of_another_installation = secrets.secret(keys.file_name(purpose, 1))
        with pytest.raises(WrongKey, match="not the key this database was written with"):
            step()
        assert vault_key_of_another_installation


# ---------------------------------------------------------------- the first format
def make_old(number: str) -> None:
    """Give the vault and quarantine the shape they had: one Fernet key, a log of its own, keys without a version."""
    text = secrets.secret("vault_key")
    cipher = Fernet(text + "=" * (-len(text) % 4))
    secrets.rename_secret(keys.file_name(Purpose.TOKEN, 1), "hmac_key")
    clear: list[tuple[Any, ...]] = []
    for kind, tokens in query("select kind, array_agg(token) from vault.entry group by kind"):
        with connect(Role.OWNER) as connection:
            rows = connection.execute(
                "select * from vault.open_entries(%s, %s, 'test', 'old format')", [kind, tokens]
            ).fetchall()
            for token, sealed, key_id, scope, version, wrapped in rows:
                key = keys.unwrapped(connection, key_id, scope, version, bytes(wrapped))
                clear.append((cipher.encrypt(key.open(bytes(sealed), vault.place(kind, token)).encode()), kind, token))
    with connect(Role.OWNER) as connection:
        connection.execute("alter table vault.entry add column key_version smallint not null default 1")
        connection.execute("alter table vault.entry drop column key_id")
        for one in clear:
            connection.execute("update vault.entry set ciphertext = %s where kind = %s and token = %s", one)
        connection.execute("truncate vault.data_key, ops.key_version, ops.access_log")
        connection.execute(
            "create table vault.access_log (access_id bigint generated always as identity, accessed_at timestamptz"
            " not null default now(), reader text not null, purpose text not null, kind text not null,"
            " entry_count integer not null)"
        )
        connection.execute(
            "insert into vault.access_log (reader, purpose, kind, entry_count) values ('早先', '查对', 'id_number', 4)"
        )
        sealed_text = cipher.encrypt(
            b'{"cells": [["\xe5\xa7\x93\xe5\x90\x8d", "head_name", "x"]], "texts": [["m", "f"]]}'
        )
        connection.execute(
            "update quarantine.row set reasons = jsonb_build_array(reasons -> 0),"
            " original = jsonb_build_object('cells', '{}'::jsonb, 'sealed', %s::text) where submission_id = %s",
            [sealed_text.decode("ascii"), number],
        )


def test_the_first_format_is_sealed_anew_by_migrate() -> None:
    number = intake_of_thirty()
    tokens = query("select kind, token, first_submission_id from vault.entry order by 1, 2")
    make_old(number)
    migrate()
    assert query("select kind, token, first_submission_id from vault.entry order by 1, 2") == tokens
    assert open_one(0) == id_number(1)
    assert [row.cells[0].text for row in returned_rows(number)] == ["x", "x"]
    lines = query("select who, purpose, kind, entry_count from ops.access_log order by access_id limit 1")
    assert lines == [("早先", "查对", "id_number", 4)]
    assert not secrets.has_secret("hmac_key")
    migrate()
    receipt = take(drop(KEY.replace("(2)", "(3)"), workbook(good(30))))
    assert receipt.state == "accepted"
    assert query("select count(*) from vault.entry where kind = 'id_number'") == [(30,)]  # the same tokens as before


def test_the_first_format_without_its_key_stays_as_it_is() -> None:
    number = intake_of_thirty()
    make_old(number)
    secrets.forget_secret("vault_key")
    secrets.secret("vault_key")
    before = query("select * from vault.entry order by 1, 2")
    with pytest.raises(RuntimeError, match="restore the secrets folder"):
        migrate()
    assert query("select * from vault.entry order by 1, 2") == before
    with connect(Role.OWNER) as connection:  # back to the present shape for the next test
        connection.execute("truncate vault.entry, quarantine.row")
    migrate()
