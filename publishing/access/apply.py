"""Bring the rights of readers to what the data files say, and say where they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog
from psycopg import sql

from hearth.database import Role, connect
from hearth.secrets import secret
from hearth.settings import settings
from publishing.access.catalogue import MARK, read_facts
from publishing.access.desired import declared_roles, desired_facts
from publishing.access.facts import Fact, make, undo
from publishing.access.model import Access, load
from publishing.locking import lock_parents
from publishing.policy import policy
from publishing.tables import Connection

_UNDO_ORDER = (
    "policy", "column", "relation", "function", "default", "schema", "database", "attribute", "member", "rls", "role",
)  # fmt: skip
_MAKE_ORDER = ("role", "member", "database", "schema", "relation", "column", "function", "policy", "rls")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Difference:
    """What the files say and the database does not have, and the other way round. Empty: they agree."""

    missing: frozenset[Fact]
    surplus: frozenset[Fact]

    def __bool__(self) -> bool:
        return bool(self.missing or self.surplus)


def compare(connection: Connection, access: Access | None = None) -> Difference:
    """Needs the owner. Raises AccessError when the files name what the database does not have at all."""
    return _compare(connection, access or load())


def _compare(connection: Connection, access: Access) -> Difference:
    wanted = desired_facts(connection, access, settings().counties)
    real = read_facts(connection, declared_roles(access))
    return Difference(frozenset(wanted - real), frozenset(real - wanted))


def difference(access: Access | None = None) -> Difference:
    """`compare` in a connection of its own."""
    with connect(Role.OWNER) as connection:
        return compare(connection, access)


def apply(access: Access | None = None) -> Difference:
    """Make the database agree with the files, in one transaction; return what differed. Nothing to do: no statement.

    Tables whose row rules change are locked as the switch does, so readers neither fail nor see rows meanwhile that
    they may not. Raises AccessError or PublicationError, with nothing changed.
    """
    asked = access or load()
    with connect(Role.OWNER) as connection:
        found = _compare(connection, asked)
        if found:
            _change(connection, asked, found)
            if left := _compare(connection, asked):
                raise RuntimeError(
                    f"rights that cannot be brought about: {sorted(map(str, left.missing | left.surplus))}"
                )
    if found:
        _log.info("access changed", granted=len(found.missing), taken_away=len(found.surplus))
    return found


def _change(connection: Connection, access: Access, found: Difference) -> None:
    tables = {fact.target for fact in found.missing | found.surplus if fact.kind in {"policy", "rls"}}
    lock_parents(connection, {name.removeprefix("marts.") for name in tables if name.startswith("marts.")}, policy())
    wanted = declared_roles(access)
    for statement in _ordered(found.surplus, _UNDO_ORDER, lambda fact: undo(fact, wanted)):
        connection.execute(statement.encode())
    roles = {name for (name,) in connection.execute("select rolname from pg_roles")}
    for statement in _ordered(found.missing, _MAKE_ORDER, lambda fact: make(fact, roles)):
        connection.execute(statement.encode())
    titles = {group.name: group.title for group in access.groups} | {
        reader.name: reader.answers for reader in access.readers
    }
    for fact in found.missing:
        if fact.kind == "role" and fact.role not in roles:
            _introduce(connection, fact, titles.get(fact.role, "which rows"))


def _introduce(connection: Connection, role: Fact, title: str) -> None:
    name = sql.Identifier(role.role)
    connection.execute(sql.SQL("comment on role {} is {}").format(name, sql.Literal(MARK + title)))
    if role.target == "login":
        password = sql.Literal(secret(f"pg_{role.role}"))
        connection.execute(sql.SQL("alter role {} password {}").format(name, password))


def _ordered(facts: Iterable[Fact], order: tuple[str, ...], statement: Callable[[Fact], str | None]) -> list[str]:
    ranked = sorted(facts, key=lambda fact: (order.index(fact.kind), fact))
    return list(dict.fromkeys(text for fact in ranked if (text := statement(fact)) is not None))
