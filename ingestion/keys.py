"""Keys: which version is in force, and the data keys that a key-encryption key wraps.

Two keys live as files outside the database, each in numbered versions (`hearth.secrets`):

- ``token_key``: what direct personal data is hashed with (HMAC-SHA256). Every token in the warehouse is of one version.
- ``wrapping_key``: wraps the data keys (AES-256-GCM). A data key encrypts what one submission adds to the vault and to
  quarantine; it is stored wrapped, beside its wrapping version, so that a new wrapping key touches no data.

Which version is in force stands in ``ops.key_version``, with a fingerprint: another installation's secrets are noticed
before they do harm.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hearth import secrets
from hearth.database import Role, connect

_NONCE = 12
_KEY_BYTES = 32
TOKEN_LOCK = 7_305_813
"""Advisory lock: shared while rows with tokens are written, exclusive while all tokens are replaced."""
WRAP_LOCK = 7_305_814
"""Advisory lock: shared while a data key is made, exclusive while data keys are wrapped anew."""


class Purpose(StrEnum):
    """What a versioned key is for; also the name of its file."""

    TOKEN = "token_key"  # noqa: S105 - the name of a file, not a password
    WRAP = "wrapping_key"


class WrongKey(RuntimeError):  # noqa: N818 - reads as what it is
    """The key in the secrets folder is not the one this database was written with."""


def file_name(purpose: Purpose, version: int) -> str:
    """Name of the key's file in the secrets folder."""
    return f"{purpose.value}.{version}"


def fingerprint(key: str) -> str:
    """Sixteen hex digits that tell keys apart and say nothing of them."""
    return hmac.new(key.encode("ascii"), b"hearth key fingerprint", hashlib.sha256).hexdigest()[:16]


def key_text(purpose: Purpose, version: int, expected: str) -> str:
    """The key of a version. Raises MissingSecret when its file is gone, WrongKey when it is another key."""
    key = secrets.kept_secret(file_name(purpose, version))
    if fingerprint(key) != expected:
        raise WrongKey(
            f"secret [{file_name(purpose, version)}] is not the key this database was written with;"
            " restore the secrets folder that belongs to the database"
        )
    return key


def version_in_force(connection: psycopg.Connection[Any], purpose: Purpose) -> tuple[int, str] | None:
    """(version, fingerprint) that new data is written with; None before the first use."""
    row = connection.execute(
        "select version, fingerprint from ops.key_version where purpose = %s order by version desc limit 1", [purpose]
    ).fetchone()
    return (row[0], row[1]) if row else None


def enter_version(connection: psycopg.Connection[Any], purpose: Purpose, version: int) -> tuple[int, str]:
    """Make the key file if need be and put the version in force, in the transaction of the caller."""
    mark = fingerprint(secrets.secret(file_name(purpose, version)))
    connection.execute(
        "insert into ops.key_version (purpose, version, fingerprint) values (%s, %s, %s) on conflict do nothing",
        [purpose, version, mark],
    )
    return version, mark


def next_version(purpose: Purpose, held: tuple[int, str] | None) -> int:
    """A number that neither the database nor a file has: a file may be left over, or belong to a newer backup."""
    return max(held[0] if held else 0, *secrets.versions(purpose), 0) + 1


def _in_force(connection: psycopg.Connection[Any], purpose: Purpose) -> tuple[int, str]:
    return version_in_force(connection, purpose) or enter_version(connection, purpose, 1)


# ---------------------------------------------------------------- data keys
def _wrapping_cipher(version: int, expected: str) -> AESGCM:
    text = key_text(Purpose.WRAP, version, expected)
    return AESGCM(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def _about(scope: str) -> bytes:
    return f"hearth data key\x1f{scope}".encode()


def _wrap(cipher: AESGCM, plain: bytes, scope: str) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + cipher.encrypt(nonce, plain, _about(scope))


def _unwrap(cipher: AESGCM, wrapped: bytes, scope: str) -> bytes:
    return cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], _about(scope))


@dataclass(frozen=True, slots=True)
class DataKey:
    """An unwrapped data key. ``scope`` is what it was made for: a submission, or a rotation."""

    key_id: int
    scope: str
    _cipher: AESGCM = field(repr=False)

    def seal(self, texts: Sequence[str], places: Sequence[str]) -> list[bytes]:
        """Nonce and ciphertext of each text, bound to its place: moved to another place, it does not open."""
        return self.seal_bytes([text.encode() for text in texts], [place.encode() for place in places])

    def seal_bytes(self, texts: Sequence[bytes], places: Sequence[bytes]) -> list[bytes]:
        """The same for texts and places in UTF-8."""
        encrypt = self._cipher.encrypt
        nonces = os.urandom(_NONCE * len(texts))
        starts = range(0, len(nonces), _NONCE)
        return [
            (nonce := nonces[start : start + _NONCE]) + encrypt(nonce, text, place)
            for start, text, place in zip(starts, texts, places, strict=True)
        ]

    def open(self, sealed: bytes, place: str) -> str:
        """The text sealed for this place. Raises cryptography's InvalidTag for another key, place or text."""
        return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode()).decode()


def data_key(connection: psycopg.Connection[Any], scope: str) -> DataKey:
    """The data key of a scope, made and stored wrapped if there is none. The caller commits before using it."""
    connection.execute("select pg_advisory_xact_lock_shared(%s)", [WRAP_LOCK])
    version, mark = _in_force(connection, Purpose.WRAP)
    plain = AESGCM.generate_key(_KEY_BYTES * 8)
    connection.execute(
        "insert into vault.data_key (scope, wrapping_version, wrapped) values (%s, %s, %s) on conflict do nothing",
        [scope, version, _wrap(_wrapping_cipher(version, mark), plain, scope)],
    )
    row = connection.execute(
        "select key_id, wrapping_version, wrapped from vault.data_key where scope = %s", [scope]
    ).fetchone()
    if row is None:
        raise LookupError(f"data key [{scope}] vanished while it was made")
    return unwrapped(connection, row[0], scope, row[1], bytes(row[2]))


def unwrapped(connection: psycopg.Connection[Any], key_id: int, scope: str, version: int, wrapped: bytes) -> DataKey:
    """The data key in a wrapped form that was read from the database."""
    row = connection.execute(
        "select fingerprint from ops.key_version where purpose = %s and version = %s", [Purpose.WRAP, version]
    ).fetchone()
    if row is None:
        raise LookupError(f"data key [{scope}] is wrapped by version [{version}], which was never in force")
    return DataKey(key_id, scope, AESGCM(_unwrap(_wrapping_cipher(version, row[0]), wrapped, scope)))


# ---------------------------------------------------------------- tokens
_HASH_BLOCK = 64
"""Bytes that SHA-256 takes at a time."""
TOKEN_LENGTH = 64
"""Hex digits of a token."""


class Tokens:
    """Keyed hashes of one key version."""

    def __init__(self, version: int, key: str) -> None:
        self.version = version
        self._key = key.encode("ascii")

    def of(self, kind: str, values: Sequence[str]) -> list[str]:
        """HMAC-SHA256 of each value as 64 hex digits: equal for equal values of one kind, in every feed and month."""
        text = self.hex_of(kind, [value.encode() for value in values])
        return [text[start : start + TOKEN_LENGTH] for start in range(0, len(text), TOKEN_LENGTH)]

    def hex_of(self, kind: str, values: Sequence[bytes]) -> str:
        """The same for values in UTF-8, all tokens in one text: millions of them, and each object costs."""
        # HMAC put together from its two hashes (RFC 2104), for a copy of a hash costs least.
        key = self._key if len(self._key) <= _HASH_BLOCK else hashlib.sha256(self._key).digest()
        padded = key.ljust(_HASH_BLOCK, b"\0")
        inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + f"{kind}\x1f".encode()).copy
        outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded)).copy
        found = []
        for value in values:
            one, two = inner(), outer()
            one.update(value)
            two.update(one.digest())
            found.append(two.digest())
        return b"".join(found).hex()


def tokens_in_force(connection: psycopg.Connection[Any]) -> Tokens:
    """Tokens of the version in force; the first use makes version 1."""
    version, mark = _in_force(connection, Purpose.TOKEN)
    return Tokens(version, key_text(Purpose.TOKEN, version, mark))


def has_token_key() -> bool:
    """Whether a token key has been made."""
    return bool(secrets.versions(Purpose.TOKEN))


def newest_tokens() -> Tokens:
    """Tokens of the newest key file, without asking the database. Makes version 1 when there is no file."""
    version = max(secrets.versions(Purpose.TOKEN), default=1)
    return Tokens(version, secrets.secret(file_name(Purpose.TOKEN, version)))


class TokensReplaced(RuntimeError):  # noqa: N818 - an event, after which the caller begins again
    """All tokens were replaced between reading a file and writing its rows; taking the file again mends it."""


def hold_tokens(connection: psycopg.Connection[Any], version: int) -> None:
    """Keep the version in force until the caller's transaction ends. Raises TokensReplaced when it is another."""
    connection.execute("select pg_advisory_xact_lock_shared(%s)", [TOKEN_LOCK])
    held = version_in_force(connection, Purpose.TOKEN)
    if held is None or held[0] != version:
        raise TokensReplaced(f"tokens of version [{version}] are no longer in force; take the file again")


# ---------------------------------------------------------------- rotation of the wrapping key
def rotate_wrapping_key() -> tuple[int, int]:
    """A new wrapping key; every data key is wrapped anew by it, in one transaction. No sealed value is touched.

    Returns (new version, data keys wrapped). Intakes that make a data key meanwhile wait, or came before.
    """
    with connect(Role.OWNER) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [WRAP_LOCK])
        old = version_in_force(connection, Purpose.WRAP)
        version, mark = enter_version(connection, Purpose.WRAP, next_version(Purpose.WRAP, old))
        cipher = _wrapping_cipher(version, mark)
        rows = connection.execute("select key_id, scope, wrapping_version, wrapped from vault.data_key").fetchall()
        marks = connection.execute(
            "select version, fingerprint from ops.key_version where purpose = %s", [Purpose.WRAP]
        ).fetchall()
        used = {row[2] for row in rows}
        ciphers = {number: _wrapping_cipher(number, text) for number, text in marks if number in used}
        again = [
            (version, _wrap(cipher, _unwrap(ciphers[number], bytes(wrapped), scope), scope), key_id)
            for key_id, scope, number, wrapped in rows
        ]
        with connection.cursor() as cursor:
            cursor.executemany("update vault.data_key set wrapping_version = %s, wrapped = %s where key_id = %s", again)
    return version, len(again)


def retire_key(purpose: Purpose, version: int) -> None:
    """Delete the file of a version that nothing depends on any more.

    Raises ValueError when the version is in force, unknown, or still wraps a data key. Backups of the database that
    were made while it was in force can then only be opened with a backup of the secrets folder.
    """
    with connect(Role.OWNER) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [WRAP_LOCK])
        held = version_in_force(connection, purpose)
        if held is None or version >= held[0]:
            raise ValueError(f"version [{version}] of the {purpose.value} is not an earlier one; rotate first")
        if purpose is Purpose.WRAP:
            row = connection.execute(
                "select count(*) from vault.data_key where wrapping_version = %s", [version]
            ).fetchone()
            if row is None or row[0]:
                raise ValueError(f"version [{version}] still wraps data keys; rotate again before it is retired")
        done = connection.execute(
            "update ops.key_version set retired_at = now() where purpose = %s and version = %s and retired_at is null",
            [purpose, version],
        )
        if done.rowcount != 1:
            raise ValueError(f"version [{version}] of the {purpose.value} is not known, or retired already")
        secrets.forget_secret(file_name(purpose, version))


@dataclass(frozen=True, slots=True)
class KeyState:
    """One version of a key, as `hearth keys list` shows it. ``wraps`` counts data keys; None for a token key."""

    purpose: Purpose
    version: int
    in_force_from: datetime
    retired_at: datetime | None
    has_file: bool
    wraps: int | None


def key_states() -> list[KeyState]:
    """Every version that was ever in force, by key and version."""
    with connect(Role.VAULT) as connection:
        rows = connection.execute(
            "select purpose, version, in_force_from, retired_at,"
            " (select count(*) from vault.data_key where wrapping_version = version)"
            " from ops.key_version order by purpose, version"
        ).fetchall()
    return [
        KeyState(
            Purpose(purpose),
            version,
            since,
            retired_at,
            secrets.has_secret(file_name(Purpose(purpose), version)),
            wraps if purpose == Purpose.WRAP else None,
        )
        for purpose, version, since, retired_at, wraps in rows
    ]
