"""Connections to the warehouse, one database role per duty.

A room asks for the role whose duty it does (`connect(Role.LOADER)`); what that role may touch is in `access.sql`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.rows import TupleRow

from hearth.secrets import secret
from hearth.settings import settings


class Role(StrEnum):
    """The LOGIN roles of an installation."""

    OWNER = "hearth"
    """Owns every schema; used by `hearth migrate` only."""
    LOADER = "hearth_loader"
    """Takes files in: writes raw, quarantine, the submission ledger."""
    VAULT = "hearth_vault"
    """The only role that reads or writes clear personal data."""
    BUILDER = "hearth_builder"
    """Runs dbt and the gate: reads raw, writes staging, identity, candidate."""
    PUBLISHER = "hearth_publisher"
    """Owns marts, previous and shared; moves candidate into them."""
    READER = "hearth_reader"
    """A person or BI tool of the demo: sees `shared` and nothing else."""
    AIRFLOW = "hearth_airflow"
    """Owns Airflow's metadata database and nothing of the warehouse."""


def password(role: Role) -> str:
    """The generated password of ``role``."""
    return secret(f"pg_{role.value}")


def url(role: Role, *, driver: str = "postgresql", database: str | None = None) -> str:
    """Connection URL of ``role``; ``driver`` as SQLAlchemy writes it, for example ``postgresql+psycopg2``."""
    config = settings()
    name = database or config.pg_database
    return f"{driver}://{role.value}:{quote(password(role))}@{config.pg_host}:{config.pg_port}/{name}"


@contextmanager
def connect(role: Role, *, autocommit: bool = False, **options: Any) -> Iterator[psycopg.Connection[TupleRow]]:
    """A connection as ``role``: commits when the block ends, rolls back when it raises, always closes.

    Raises psycopg.OperationalError when the server does not answer; callers that may wait retry outside.
    """
    with psycopg.connect(
        url(role), autocommit=autocommit, connect_timeout=10, application_name=f"hearth:{role.value}", **options
    ) as connection:
        yield connection
