"""Tokens of whole columns. The same tokens as `ingestion.vault.token`, made in a compiled engine on all processors."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from hearth.secrets import secret
from ingestion import vault
from ingestion.columns import combine

_FEW = 5_000
"""Fewer values than this are not worth starting an engine for."""
_PIECE = 20_000
"""Values that one processor takes at a time."""
_BLOCK_BYTES = 64
# HMAC-SHA256 (RFC 2104) put together from its two hashes; a text is hashed as UTF-8.
_HMAC = "sha256($outer::blob || unhex(sha256($inner::blob || encode($kind || chr(31) || value))))"


def tokens(kind: str, values: pa.StringArray) -> pa.StringArray:
    """Keyed hash of each value, null for null. Raises ValueError for an unknown kind."""
    if len(values) < _FEW:
        return pa.array([None if value is None else vault.token(kind, value) for value in values.to_pylist()])
    if kind not in vault.VAULT_KINDS:
        raise ValueError(f"[{kind}] is not a vault kind; known: {', '.join(sorted(vault.VAULT_KINDS))}")
    key = secret("hmac_key").encode("ascii")
    if len(key) > _BLOCK_BYTES:
        raise ValueError(f"the HMAC key has [{len(key)}] bytes; at most {_BLOCK_BYTES} are used as they are")
    padded = key.ljust(_BLOCK_BYTES, b"\0")
    pads = {"inner": bytes(byte ^ 0x36 for byte in padded), "outer": bytes(byte ^ 0x5C for byte in padded)}
    config: dict[str, str | bool | int | float | list[str]] = {
        "enable_external_access": "false",
        "python_enable_replacements": "false",
        "preserve_insertion_order": "true",
    }
    with duckdb.connect(":memory:", config=config) as engine:
        pieces = [values.slice(start, _PIECE) for start in range(0, len(values), _PIECE)]
        engine.register("held", pa.table({"value": pa.chunked_array(pieces, pa.string())}))
        query = engine.sql(f"select {_HMAC} as token from held", params={**pads, "kind": kind})
        return combine(query.to_arrow_table().column(0)).cast(pa.string())
