"""What a verdict goes by: the suites of the gate, the rule catalogue and the contracts, as one fingerprint.

The gate writes it beside its verdict and the switch compares it: rules that changed in between judge anew.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import psycopg

from hearth.settings import PROJECT_ROOT

RULE_FOLDERS = ("expectations/suites", "ingestion/rules", "ingestion/contracts")


def rules_digest(connection: psycopg.Connection[Any], root: Path = PROJECT_ROOT) -> str:
    """sha256 over the rule files below ``root`` (names and contents) and the dated parameters in ``reference``.

    Raises FileNotFoundError when a folder of RULE_FOLDERS holds no file: an empty rulebook is no rulebook.
    """
    digest = hashlib.sha256()
    for folder in RULE_FOLDERS:
        paths = sorted((root / folder).rglob("*.yaml"))
        if not paths:
            raise FileNotFoundError(f"[{folder}] holds no rules; the installation is incomplete")
        for path in paths:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    row = connection.execute(
        "select coalesce(string_agg(md5(t::text), '' order by md5(t::text)), '') from reference.threshold as t"
    ).fetchone()
    digest.update((row[0] if row else "").encode())
    return digest.hexdigest()
