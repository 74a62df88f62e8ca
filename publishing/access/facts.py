"""Rights as facts: each with the statement that brings it about and the one that takes it away.

The programs of Hearth (`hearth.database.Role`) have their grants in ``hearth/access.sql``; here it is about everybody
else. PUBLIC counts as a reader that may do nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from hearth.database import Role

PUBLIC = "public"
SERVICES = frozenset(role.value for role in Role if role is not Role.READER)
_OBJECT = {"relation": "table", "column": "table", "function": "function", "schema": "schema", "database": "database"}


class AccessError(RuntimeError):
    """What the data files ask for cannot be had in this database; nothing was changed. The message says what to do."""


@dataclass(frozen=True, slots=True, order=True)
class Fact:
    """One right. ``target`` and ``detail`` depend on ``kind``.

    ==========  =========================  ===================================================
    kind        target                     detail
    ==========  =========================  ===================================================
    role        ``login`` or ``nologin``
    attribute   such as ``bypassrls``
    member      the group
    database    its name, quoted           privilege
    schema      its name, quoted           privilege
    relation    its name, quoted           privilege
    column      the relation's, quoted     privilege and column, one space between them
    function    its signature              privilege
    default     quoted schema or nothing   the owner, object type and privilege, as words of SQL
    policy      the table's, quoted        name, command, kind and condition, ``|`` between them
    rls         the table's, quoted        (no role)
    ==========  =========================  ===================================================
    """

    kind: str
    role: str
    target: str
    detail: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.kind, f"[{self.role}]" if self.role else "", self.target, self.detail))


def quoted(*names: str) -> str:
    """``names`` as one dotted identifier of SQL."""
    return sql.Identifier(*names).as_string(None)


def _to(role: str) -> str:
    """Grantees as SQL writes them; a policy may have several."""
    return ", ".join(PUBLIC if name == PUBLIC else quoted(name) for name in role.split(","))


def policy_name(role: str) -> str:
    """Name of the policy that gives ``role`` its rows."""
    return f"rows of {role}"


def row_policy(role: str, table: str, condition: str) -> Fact:
    """``condition`` as PostgreSQL prints it back, or the comparison with the catalogue never comes out even."""
    return Fact("policy", role, f"marts.{table}", "|".join((policy_name(role), "r", "permissive", condition)))


def _privilege(fact: Fact) -> str:
    privilege, _, column = fact.detail.partition(" ")
    return (
        f"{privilege} ({quoted(column)}) on table {fact.target}"
        if column
        else (f"{privilege} on {_OBJECT[fact.kind]} {fact.target}")
    )


def make(fact: Fact, roles: set[str]) -> str:
    """The statement that brings the fact about; ``roles`` exist already."""
    match fact.kind:
        case "role":
            return f"{'alter' if fact.role in roles else 'create'} role {quoted(fact.role)} {fact.target}"
        case "member":
            return f"grant {quoted(fact.target)} to {quoted(fact.role)}"
        case "rls":
            return f"alter table {fact.target} enable row level security"
        case "policy":
            name, command, kind, condition = fact.detail.split("|", 3)
            if (command, kind) != ("r", "permissive"):
                raise ValueError(f"policy [{name}] of [{fact.target}] is not one that is declared")
            return f"create policy {quoted(name)} on {fact.target} for select to {_to(fact.role)} using ({condition})"
        case "relation" | "column" | "function" | "schema" | "database":
            return f"grant {_privilege(fact)} to {_to(fact.role)}"
        case _:
            raise ValueError(f"[{fact.kind}] is never declared")


def undo(fact: Fact, wanted: set[str]) -> str | None:
    """The statement that takes the fact away; None where bringing about another fact does. ``wanted`` roles stay."""
    match fact.kind:
        case "role":
            statement = None if fact.role in wanted else f"drop role {quoted(fact.role)}"
        case "attribute":
            statement = f"alter role {quoted(fact.role)} no{fact.target}"
        case "member":
            statement = f"revoke {quoted(fact.target)} from {quoted(fact.role)}"
        case "rls":
            statement = f"alter table {fact.target} disable row level security"
        case "policy":
            statement = f"drop policy {quoted(fact.detail.partition('|')[0])} on {fact.target}"
        case "default":
            owner, kind, privilege = fact.detail.split(" ", 2)
            place = f"for role {owner}" + (f" in schema {fact.target}" if fact.target else "")
            statement = f"alter default privileges {place} revoke {privilege} on {kind} from {_to(fact.role)}"
        case _:
            statement = f"revoke {_privilege(fact)} from {_to(fact.role)} cascade"
    return statement
