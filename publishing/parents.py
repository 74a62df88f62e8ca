"""The partitioned parents in ``marts``: what readers' views name, and what survives every switch.

A parent is made from its candidate table: same columns, comments and primary key. It later gains columns, never loses
one: views, grants and comments that hang on it stay valid.
"""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import sql

from hearth.database import Role, connect
from publishing.tables import Connection, PublicationError, Table, read_tables

_PARTITION_KEYS = {True: ("county_code",), False: ("county_code", "period")}


def parent_problems(candidate: Table, parent: Table | None) -> list[str]:
    """Why ``candidate`` cannot be published under ``parent`` (None: not made yet); empty if it can."""
    problems = []
    name, keys = candidate.name, _PARTITION_KEYS[candidate.is_dimension]
    for key in keys:
        if key not in candidate.columns:
            problems.append(f"[{name}] has no column [{key}]; every published table is partitioned by {list(keys)}")
    if not candidate.primary_key:
        problems.append(f"[{name}] has no primary key; declare one in its dbt contract")
    elif missing := [key for key in keys if key not in candidate.primary_key]:
        problems.append(f"[{name}] has primary key {list(candidate.primary_key)}, which lacks {missing}")
    if parent is None:
        return problems
    for column, type_name in parent.columns.items():
        if column not in candidate.columns:
            problems.append(
                f"[{name}.{column}] is published but gone from candidate; keep it (null), or drop it from marts.{name} "
                "and its views by a migration first"
            )
        elif candidate.columns[column] != type_name:
            problems.append(
                f"[{name}.{column}] is published as [{type_name}] and is [{candidate.columns[column]}] in candidate; "
                "a published column keeps its type: add a new column beside it"
            )
    if candidate.primary_key != parent.primary_key:
        problems.append(
            f"[{name}] is published with primary key {list(parent.primary_key)} and has {list(candidate.primary_key)} "
            "in candidate; change the parent by a migration first"
        )
    return problems


def refuse_problems(candidates: Iterable[Table], parents: dict[str, Table]) -> None:
    """Raise PublicationError naming every table and column that does not fit its parent."""
    problems = [text for table in candidates for text in parent_problems(table, parents.get(table.name))]
    if problems:
        raise PublicationError("the candidate does not fit what is published:\n" + "\n".join(problems))


def create_parent(connection: Connection, candidate: Table) -> None:
    """Make ``marts.<name>`` like ``candidate.<name>``, with no partition. NOT NULL holds for the primary key only."""
    keys = _PARTITION_KEYS[candidate.is_dimension]
    parent = sql.Identifier("marts", candidate.name)
    connection.execute(
        sql.SQL("create table {} (like {}) partition by {} ({})").format(
            parent,
            sql.Identifier("candidate", candidate.name),
            sql.SQL("list" if candidate.is_dimension else "range"),
            sql.SQL(", ").join(map(sql.Identifier, keys)),
        )
    )
    # A later candidate may be less strict about a column without being wrong; its contract and the gate decide.
    required = connection.execute(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and attnotnull",
        [parent.as_string(connection)],
    ).fetchall()
    for (column,) in required:
        if column not in candidate.primary_key:
            connection.execute(
                sql.SQL("alter table {} alter column {} drop not null").format(parent, sql.Identifier(column))
            )
    connection.execute(
        sql.SQL("alter table {} add primary key ({})").format(
            parent, sql.SQL(", ").join(map(sql.Identifier, candidate.primary_key))
        )
    )
    _align_comments(connection, candidate, None)


def align_parent(connection: Connection, candidate: Table, parent: Table) -> None:
    """Give ``marts.<name>`` the columns and comments that are new in candidate. Takes ACCESS EXCLUSIVE for columns."""
    for column, type_name in candidate.columns.items():
        if column not in parent.columns:
            add_column(connection, "marts", parent.name, column, type_name)
    _align_comments(connection, candidate, parent)


def add_column(connection: Connection, schema: str, table: str, column: str, type_name: str) -> None:
    """Add a nullable column; ``type_name`` comes from the catalog (format_type), never from outside."""
    connection.execute(
        sql.SQL("alter table {} add column {} {}").format(
            sql.Identifier(schema, table), sql.Identifier(column), sql.SQL(type_name)
        )
    )


def _align_comments(connection: Connection, candidate: Table, parent: Table | None) -> None:
    target = sql.Identifier("marts", candidate.name)
    if candidate.comment is not None and (parent is None or parent.comment != candidate.comment):
        connection.execute(sql.SQL("comment on table {} is {}").format(target, sql.Literal(candidate.comment)))
    known = {} if parent is None else parent.column_comments
    for column, text in candidate.column_comments.items():
        if known.get(column) != text:
            connection.execute(
                sql.SQL("comment on column {}.{} is {}").format(target, sql.Identifier(column), sql.Literal(text))
            )


def ensure_parents(connection: Connection, tables: Iterable[str] | None = None) -> list[str]:
    """Make or extend the parents of ``tables`` (None: of all tables in candidate); return the names, sorted.

    Works on empty candidate tables, so that the shared views can be made before the first month. Needs the role that
    owns ``marts`` and may read candidate's catalog. Raises PublicationError when a column vanished or changed its type,
    or when a name is not in candidate.
    """
    candidates, parents = read_tables(connection, "candidate"), read_tables(connection, "marts")
    names = sorted(candidates if tables is None else tables)
    if unknown := [name for name in names if name not in candidates]:
        raise PublicationError(f"candidate has no table {unknown}; build it first")
    if not names:
        raise PublicationError("candidate holds no dim_, fct_ or bridge_ table; build it first")
    refuse_problems((candidates[name] for name in names), parents)
    for name in names:
        if name in parents:
            align_parent(connection, candidates[name], parents[name])
        else:
            create_parent(connection, candidates[name])
    return names


def prepare_parents() -> list[str]:
    """``ensure_parents`` for everything in candidate, in a transaction of its own as the publisher."""
    with connect(Role.PUBLISHER) as connection:
        return ensure_parents(connection)
