"""Direct personal data: keyed tokens for everything downstream, ciphertext for the vault and for quarantine.

Keys are files outside the database (`hearth.secrets`). Only `reveal` reads the vault, and every read leaves a line in
``vault.access_log``.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path

from cryptography.fernet import Fernet

from hearth.database import Role, connect
from hearth.secrets import secret
from hearth.settings import settings

VAULT_KINDS = frozenset(
    {
        "id_number",
        "person_name",
        "phone_number",
        "bank_account",
        "address",
        "certificate",
        "free_text",
        "student_roll",
    }
)
KEY_VERSION = 1
"""Version of the encryption key written beside each ciphertext."""
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class VaultEntry:
    """One clear value and the token that stands for it downstream. The value never shows in a representation."""

    kind: str
    token: str
    value: str = field(repr=False)


@lru_cache(maxsize=4)
def _hmac_key(folder: Path) -> bytes:  # noqa: ARG001 - the folder is the cache key: another home has other secrets
    return secret("hmac_key").encode("ascii")


@lru_cache(maxsize=4)
def _cipher(folder: Path) -> Fernet:  # noqa: ARG001 - as above
    text = secret("vault_key")  # URL-safe base64 of 32 bytes without padding: a Fernet key but for the padding
    return Fernet(text + "=" * (-len(text) % 4))


def _known(kind: str) -> str:
    if kind not in VAULT_KINDS:
        raise ValueError(f"[{kind}] is not a vault kind; known: {', '.join(sorted(VAULT_KINDS))}")
    return kind


def token(kind: str, value: str) -> str:
    """Keyed hash of a normalised value: 64 hex digits, equal for equal values of one kind in every feed and month.

    Raises ValueError for an unknown kind; the value is never in the message.
    """
    message = f"{_known(kind)}\x1f{value}".encode()
    return hmac.new(_hmac_key(settings().secrets_dir), message, hashlib.sha256).hexdigest()


def entry(kind: str, value: str) -> VaultEntry:
    """The value with its token, ready for `store`."""
    return VaultEntry(kind, token(kind, value), value)


def encrypt(text: str) -> str:
    """Ciphertext (URL-safe text) of ``text``; two calls give two texts."""
    return _cipher(settings().secrets_dir).encrypt(text.encode()).decode("ascii")


def decrypt(ciphertext: str) -> str:
    """The text that `encrypt` was given. Raises cryptography's InvalidToken when the key or the text is another one."""
    return _cipher(settings().secrets_dir).decrypt(ciphertext.encode("ascii")).decode()


def _batches(entries: Iterable[VaultEntry]) -> Iterator[list[VaultEntry]]:
    iterator = iter(entries)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def store(entries: Iterable[VaultEntry], submission_id: str) -> int:
    """Keep values that the vault does not hold yet; returns how many were new. May be repeated: nothing is doubled.

    Values are encrypted only when their token is missing, which from the second month on is seldom. Every writer
    inserts in the same order, so that two intakes with names in common cannot deadlock.
    """
    unique = {(item.kind, item.token): item for item in entries}
    ordered = [unique[key] for key in sorted(unique)]
    stored = 0
    with connect(Role.VAULT) as connection:
        for batch in _batches(ordered):
            kinds, tokens = [item.kind for item in batch], [item.token for item in batch]
            rows = connection.execute(
                "select held.kind, held.token from vault.entry as held"
                " join unnest(%s::text[], %s::text[]) as asked (kind, token) using (kind, token)",
                [kinds, tokens],
            )
            held = {(kind, known) for kind, known in rows}
            missing = [item for item in batch if (item.kind, item.token) not in held]
            if not missing:
                continue
            inserted = connection.execute(
                "insert into vault.entry (kind, token, key_version, ciphertext, first_submission_id)"
                " select kind, token, %s, ciphertext, %s"
                " from unnest(%s::text[], %s::text[], %s::bytea[]) as new (kind, token, ciphertext)"
                " order by kind, token"
                " on conflict (kind, token) do nothing",
                [
                    KEY_VERSION,
                    submission_id,
                    [item.kind for item in missing],
                    [item.token for item in missing],
                    [encrypt(item.value).encode("ascii") for item in missing],
                ],
            )
            stored += inserted.rowcount
    return stored


def reveal(kind: str, tokens: Sequence[str], *, reader: str, purpose: str) -> Mapping[str, str]:
    """Clear values by token, for the tokens the vault holds. The one function that reads the vault.

    ``reader`` is who asks, ``purpose`` why; both are written to ``vault.access_log`` in the same transaction, also
    when nothing was found. Raises ValueError when either is blank or the kind is unknown.
    """
    if not reader.strip() or not purpose.strip():
        raise ValueError("the vault is read by a named reader for a stated purpose; give reader and purpose")
    with connect(Role.VAULT) as connection:
        rows = connection.execute(
            "select token, key_version, ciphertext from vault.entry where kind = %s and token = any(%s)",
            [_known(kind), list(tokens)],
        ).fetchall()
        for _, version, _ in rows:
            if version != KEY_VERSION:
                raise ValueError(f"vault entries of key version [{version}] need that key; this one is {KEY_VERSION}")
        connection.execute(
            "insert into vault.access_log (reader, purpose, kind, entry_count) values (%s, %s, %s, %s)",
            [reader, purpose, kind, len(rows)],
        )
    return {known: decrypt(bytes(ciphertext).decode("ascii")) for known, _, ciphertext in rows}
