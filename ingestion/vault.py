"""Direct personal data: tokens for everything downstream, ciphertext for the vault and for quarantine.

A value is sealed by the data key of the submission that first brought it, bound to its kind and token: a ciphertext
that is moved to another row does not open. Keys are the matter of `ingestion.keys`. Only `open_values` reads the
vault, through the one database function that may, and every read leaves a line in ``ops.access_log``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from hearth.database import Role, connect
from ingestion import keys
from ingestion.copying import ascii_texts, csv_blocks, fixed_texts
from ingestion.keys import DataKey, Tokens

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
RETURNED_ROW = "returned_row"
"""What the access log calls a rejected row that is opened for its sender's return workbook."""


_BETWEEN = b"\x1f"
_PORTION = 50_000
"""Values that are sealed at a time."""


def known_kind(kind: str) -> str:
    """The kind itself. Raises ValueError when it is unknown; a value is never in the message."""
    if kind not in VAULT_KINDS:
        raise ValueError(f"[{kind}] is not a vault kind; known: {', '.join(sorted(VAULT_KINDS))}")
    return kind


def place(kind: str, token: str) -> str:
    """What a sealed value is bound to."""
    return f"{kind}{_BETWEEN.decode()}{token}"


def row_place(submission_id: str, sheet: str, row: int) -> str:
    """What a sealed quarantine row is bound to."""
    return f"{submission_id}\x1f{sheet}\x1f{row}"


@dataclass(frozen=True, slots=True)
class Hashed:
    """Values of one kind, none of them twice, beside their tokens."""

    tokens: pa.StringArray
    values: pa.StringArray = field(repr=False)

    def __len__(self) -> int:
        return len(self.tokens)


@dataclass(frozen=True, slots=True)
class Sealer:
    """Hashes and seals what one submission brings. Needs no database once it is made."""

    submission_id: str
    hashing: Tokens
    key: DataKey = field(repr=False)

    def tokens(self, kind: str, values: Sequence[str]) -> list[str]:
        """Keyed hashes of normalised values, 64 hex digits each. Raises ValueError for an unknown kind."""
        return self.hashing.of(known_kind(kind), values)

    def hashed(self, kind: str, values: pa.StringArray) -> Hashed:
        """Distinct values with their tokens, for `store`. Raises ValueError for an unknown kind."""
        texts = values.cast(pa.binary()).to_pylist()
        return Hashed(fixed_texts(self.hashing.hex_of(known_kind(kind), texts), keys.TOKEN_LENGTH), values)

    def seal(self, kind: str, values: Sequence[str]) -> tuple[list[str], list[bytes]]:
        """Tokens and ciphertexts of values, for `store`."""
        tokens = self.tokens(kind, values)
        return tokens, self.key.seal(values, [place(kind, token) for token in tokens])

    def seal_row(self, text: str, sheet: str, row: int) -> bytes:
        """Ciphertext of a rejected row."""
        return self.key.seal([text], [row_place(self.submission_id, sheet, row)])[0]


def sealer(submission_id: str) -> Sealer:
    """Token key in force and the submission's data key, which is made if there is none yet. Safe to repeat."""
    with connect(Role.VAULT) as connection:
        return Sealer(
            submission_id, keys.tokens_in_force(connection), keys.data_key(connection, f"submission {submission_id}")
        )


def token(kind: str, value: str) -> str:
    """The token of one value by the newest key file. Intake uses a `Sealer`, which asks what is in force."""
    return keys.newest_tokens().of(known_kind(kind), [value])[0]


def store(values: Mapping[str, Hashed], sealing: Sealer) -> int:
    """Keep values, by kind, that the vault does not hold yet. Returns how many were new.

    May be repeated: nothing is doubled. Only what is missing is encrypted, which from the second month on is little.
    Every writer inserts in the same order, so that two intakes with names in common cannot deadlock. That is the order
    of the index as well: a page of it is filled and left, and not one of all its pages touched for each value.
    """
    asked = _in_order(values)
    with connect(Role.VAULT) as connection, connection.cursor() as cursor:
        keys.hold_tokens(connection, sealing.hashing.version)
        cursor.execute("create temporary table asked (place integer, kind text, token text) on commit drop")
        with cursor.copy("copy asked (place, kind, token) from stdin (format csv)") as copy:
            for block in csv_blocks(asked.drop_columns("value")):
                copy.write(block)
        # Nobody analyzes a temporary table by itself, and without a count the join is planned for a handful of rows.
        cursor.execute("analyze asked (place)")
        missing = asked.take(_missing(cursor))
        while True:
            try:
                with connection.transaction():
                    _add(cursor, missing, sealing)
            except psycopg.errors.UniqueViolation:
                before, missing = missing.num_rows, asked.take(_missing(cursor))
                if missing.num_rows == before:
                    raise  # a value comes twice in what was given
                continue  # another writer was first, and has committed: what it brought is not asked for again
            return int(missing.num_rows)


def _add(cursor: psycopg.Cursor[Any], missing: pa.Table, sealing: Sealer) -> None:
    """COPY into the vault; the server takes one portion while the next is sealed."""
    same = {"key_id": str(sealing.key.key_id), "first_submission_id": sealing.submission_id}
    with cursor.copy(
        "copy vault.entry (key_id, first_submission_id, kind, token, ciphertext) from stdin (format csv)"
    ) as copy:
        for piece in missing.to_batches(max_chunksize=_PORTION):
            for block in csv_blocks(pa.Table.from_batches([_sealed(piece, sealing.key)]), same):
                copy.write(block)


def _in_order(values: Mapping[str, Hashed]) -> pa.Table:
    """What the vault is asked for, by kind and token, and counted; put in line here, for the server takes longer."""
    kinds = sorted(map(known_kind, values))
    lines = {kind: pa.array(np.argsort(_bytes_of(values[kind].tokens), kind="stable")) for kind in kinds}
    return pa.table(
        {
            "place": pa.array(np.arange(sum(map(len, lines.values())))),
            "kind": pa.concat_arrays([pa.repeat(kind, len(values[kind])) for kind in kinds]),
            "token": pa.concat_arrays([values[kind].tokens.take(line) for kind, line in lines.items()]),
            "value": pa.concat_arrays([values[kind].values.take(line) for kind, line in lines.items()]),
        }
    )


def _bytes_of(tokens: pa.StringArray) -> np.ndarray[tuple[int], np.dtype[np.bytes_]]:
    """The tokens as NumPy compares them."""
    return np.array(tokens.cast(pa.binary()).to_pylist(), dtype=f"S{keys.TOKEN_LENGTH}")


def _missing(cursor: psycopg.Cursor[Any]) -> pa.Array:
    """Places of what is asked and the vault does not hold, in their order."""
    with cursor.copy(
        "copy (select place from asked where not exists"
        " (select from vault.entry where entry.kind = asked.kind and entry.token = asked.token)) to stdout"
    ) as copy:
        places = b"".join(map(bytes, copy)).split()
    return pa.array(np.sort(np.array(places, dtype=np.int64)))


def _sealed(piece: pa.RecordBatch, key: DataKey) -> pa.RecordBatch:
    """Kind, token and ciphertext, as PostgreSQL reads binary values, of values that are to be kept."""
    kinds, tokens, values = (piece.column(name).cast(pa.binary()).to_pylist() for name in ("kind", "token", "value"))
    sealed = key.seal_bytes(values, [kind + _BETWEEN + token for kind, token in zip(kinds, tokens, strict=True)])
    ends = np.cumsum([0, *map(len, sealed)]) * 2
    ciphertexts = pc.binary_join_element_wise(r"\x", ascii_texts(b"".join(sealed).hex(), ends), "")
    return pa.record_batch({"kind": piece.column("kind"), "token": piece.column("token"), "ciphertext": ciphertexts})


def _check_reader(who: str, purpose: str) -> None:
    if not who.strip() or not purpose.strip():
        raise ValueError("the vault is read by somebody with a name for a stated purpose; give who and purpose")


def open_values(tokens: Sequence[str], kind: str, *, who: str, purpose: str) -> Mapping[str, str]:
    """Clear values by token, for the tokens that the vault holds. The one function that reads the vault.

    The read is entered in ``ops.access_log`` in the same transaction, also when nothing was found; it has been
    committed before a value is returned. Raises ValueError when who or purpose is blank or the kind unknown.
    """
    _check_reader(who, purpose)
    with connect(Role.VAULT) as connection:
        rows = connection.execute(
            "select token, ciphertext, key_id, scope, wrapping_version, wrapped"
            " from vault.open_entries(%s, %s, %s, %s)",
            [known_kind(kind), list(tokens), who, purpose],
        ).fetchall()
        wrapped = {key_id: (scope, version, bytes(body)) for _, _, key_id, scope, version, body in rows}
        opened = {key_id: keys.unwrapped(connection, key_id, *parts) for key_id, parts in wrapped.items()}
    return {known: opened[key_id].open(bytes(ciphertext), place(kind, known)) for known, ciphertext, key_id, *_ in rows}


def row_keys(submission_id: str, *, who: str, purpose: str) -> Mapping[int, DataKey]:
    """The data keys of a submission's rejected rows, by id, logged as `open_values` is."""
    _check_reader(who, purpose)
    with connect(Role.VAULT) as connection:
        rows = connection.execute(
            "select key_id, scope, wrapping_version, wrapped from vault.open_row_keys(%s, %s, %s)",
            [submission_id, who, purpose],
        ).fetchall()
        return {
            key_id: keys.unwrapped(connection, key_id, scope, version, bytes(wrapped))
            for key_id, scope, version, wrapped in rows
        }
