"""Brings a vault of the first format to the present one, inside the transaction of `hearth migrate`.

The first format had one Fernet key for everything (secret ``vault_key``), the number of that key beside each value, the
log of reads in the vault's own schema, and one token key without a version (secret ``hmac_key``).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import psycopg
import structlog
from cryptography.fernet import Fernet, InvalidToken

from hearth import secrets
from ingestion import keys
from ingestion.vault import place, row_place

_log = structlog.get_logger()
_OLD_TOKEN_KEY, _OLD_VAULT_KEY = "hmac_key", "vault_key"
_BATCH = 5_000


def upgrade(connection: psycopg.Connection[Any]) -> None:
    """Seal anew what the first format sealed; does nothing where nothing of it is left. Tokens stay what they are.

    Raises RuntimeError when the secrets folder does not hold the keys of this database: nothing is changed then.
    """
    _rename_token_key()
    _move_access_log(connection)
    if _has_old_entries(connection):
        _reseal_entries(connection)
    _reseal_rows(connection)


def _rename_token_key() -> None:
    if not secrets.has_secret(_OLD_TOKEN_KEY):
        return
    name = keys.file_name(keys.Purpose.TOKEN, 1)
    try:
        secrets.rename_secret(_OLD_TOKEN_KEY, name)
    except FileExistsError:
        raise RuntimeError(
            f"the secrets folder holds both [{_OLD_TOKEN_KEY}] and [{name}]; the tokens of this database were made with"
            " one of them: move the other out of the folder and migrate again"
        ) from None


def _exists(connection: psycopg.Connection[Any], relation: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", [relation]).fetchone()
    return bool(row and row[0])


def _move_access_log(connection: psycopg.Connection[Any]) -> None:
    if _exists(connection, "vault.access_log"):
        connection.execute(
            "insert into ops.access_log (accessed_at, who, purpose, kind, entry_count)"
            " select accessed_at, reader, purpose, kind, entry_count from vault.access_log order by access_id"
        )
        connection.execute("drop table vault.access_log")


def _has_old_entries(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute(
        "select count(*) from information_schema.columns"
        " where table_schema = 'vault' and table_name = 'entry' and column_name = 'key_version'"
    ).fetchone()
    return bool(row and row[0])


def _old_cipher() -> Fernet:
    text = secrets.kept_secret(_OLD_VAULT_KEY)  # URL-safe base64 without padding: a Fernet key but for the padding
    return Fernet(text + "=" * (-len(text) % 4))


def _open(cipher: Fernet, sealed: bytes) -> str:
    try:
        return cipher.decrypt(sealed).decode()
    except InvalidToken:
        raise RuntimeError(
            f"secret [{_OLD_VAULT_KEY}] does not open the vault of this database; restore the secrets folder that"
            " belongs to it and migrate again"
        ) from None


def _portions(connection: psycopg.Connection[Any], query: str) -> Iterator[list[tuple[Any, ...]]]:
    with connection.cursor(name="old_format") as cursor:
        cursor.execute(query.encode())
        while rows := cursor.fetchmany(_BATCH):
            yield rows


def _reseal_entries(connection: psycopg.Connection[Any]) -> None:
    connection.execute("alter table vault.entry add column key_id bigint references vault.data_key (key_id)")
    count = 0
    for rows in _portions(connection, "select kind, token, ciphertext from vault.entry"):
        cipher, key = _old_cipher(), keys.data_key(connection, "upgrade")
        texts = [_open(cipher, bytes(ciphertext)) for _, _, ciphertext in rows]
        sealed = key.seal(texts, [place(kind, token) for kind, token, _ in rows])
        connection.execute(
            "update vault.entry set key_id = %s, ciphertext = new.ciphertext"
            " from unnest(%s::text[], %s::text[], %s::bytea[]) as new (kind, token, ciphertext)"
            " where entry.kind = new.kind and entry.token = new.token",
            [key.key_id, [row[0] for row in rows], [row[1] for row in rows], sealed],
        )
        count += len(rows)
    connection.execute("alter table vault.entry alter column key_id set not null, drop column key_version")
    _log.info("vault sealed anew", entries=count)


def _reseal_rows(connection: psycopg.Connection[Any]) -> None:
    query = (
        "select submission_id, source_sheet, source_row, original ->> 'sealed' from quarantine.row"
        " where original ? 'sealed' and not original ? 'key_id'"
    )
    for rows in _portions(connection, query):
        cipher, key = _old_cipher(), keys.data_key(connection, "upgrade")
        texts = [_open(cipher, sealed.encode("ascii")) for *_, sealed in rows]
        sealed_anew = key.seal(texts, [row_place(*address) for *address, _ in rows])
        with connection.cursor() as cursor:
            cursor.executemany(
                "update quarantine.row set original = original || jsonb_build_object('key_id', %s::bigint,"
                " 'sealed', %s::text) where submission_id = %s and source_sheet = %s and source_row = %s",
                [
                    (key.key_id, base64.b64encode(text).decode("ascii"), *address)
                    for text, (*address, _) in zip(sealed_anew, rows, strict=True)
                ],
            )
        _log.info("rejected rows sealed anew", rows=len(rows))
