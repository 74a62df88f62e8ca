"""The figures behind the checks, in as few passes over the tables as there can be.

What asks about single rows of a table is counted in one statement a table, a query is run once for all its checks, and
what needs a join or a group has a statement of its own. Great Expectations judges by these figures (``engine.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from expectations.checks import SCHEMA, Check, Connection

_BATCH = "batch_of_the_check"
_OF_ROWS = re.compile(
    r"\s*select\s+(?!distinct\b)(?P<shown>[\w\s,]+?)\s+from\s+\{batch\}\s+where\s+(?P<condition>.+)",
    re.IGNORECASE | re.DOTALL,
)
_MORE_THAN_ROWS = re.compile(
    r"\b(select|group|having|order|limit|offset|fetch|union|intersect|except|window|for|over|exists)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted for one check. With an ``error`` nothing was."""

    rows: int = 0
    """Rows of the table or query."""
    failing: int = 0
    nulls: int = 0
    """Rows without a value, for a check of one column."""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """One check and its figures as expressions of SQL."""

    check: Check
    failing: str
    nulls: str


def hold(connection: Connection, tables: Iterable[str]) -> None:
    """See to it that nobody alters or empties these tables of candidate before the transaction ends.

    Raises psycopg.errors.LockNotAvailable, after the connection's ``lock_timeout``.
    """
    names = sql.SQL(", ").join(sql.Identifier(SCHEMA, name) for name in sorted(set(tables)))
    if names.as_string(None):
        connection.execute(sql.SQL("lock table {} in access share mode").format(names))


def measure(connection: Connection, checks: Iterable[Check]) -> list[tuple[Check, Figures]]:
    """The figures of every check, read in one transaction: all of the same moment. An error in one hides no other.

    Checks with a ``problem`` cannot be measured and must not be given. Raises as ``hold`` does.
    """
    groups: dict[str, list[Check]] = {}
    for check in checks:
        groups.setdefault(check.asset_key, []).append(check)
    found: list[tuple[Check, Figures]] = []
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        hold(connection, [group[0].table for group in groups.values() if group[0].table is not None])
        for group in groups.values():
            found += _of_table(connection, group) if group[0].table is not None else _of_query(connection, group)
    return found


def _of_table(connection: Connection, group: Sequence[Check]) -> list[tuple[Check, Figures]]:
    """One scan for what asks about rows; then, one by one, what asks about more."""
    relation = relation_sql(group[0])
    scanned, apart = [], []
    for check in group:
        condition = row_condition(check)
        if condition is None:
            apart.append(_Asked(check, _counted(failing_sql(check, counting=True)), "0"))
        else:
            scanned.append(_Asked(check, f"count(*) filter (where {condition})", _nulls(check)))
    found = _together(connection, "select {} from " + relation, scanned, "count(*)")
    rows = next((figures.rows for _, figures in found if figures.error is None), None)
    counted = f"(select count(*) from {relation})" if rows is None else str(rows)
    for asked in apart:
        found += _together(connection, "select {}", [asked], counted)
    return found


def _of_query(connection: Connection, group: Sequence[Check]) -> list[tuple[Check, Figures]]:
    asked = [_Asked(check, _counted(failing_sql(check, batch=_BATCH, counting=True)), "0") for check in group]
    statement = f"with {_BATCH} as materialized ({_doubled(group[0].query or '')}) select {{}}"
    return _together(connection, statement, asked, f"(select count(*) from {_BATCH})")


def _together(
    connection: Connection, statement: str, group: Sequence[_Asked], rows: str
) -> list[tuple[Check, Figures]]:
    """All of the group in one statement; when it errs each alone, so that the error stays with its check."""
    if not group:
        return []
    figures = list(dict.fromkeys([rows, *(text for asked in group for text in (asked.failing, asked.nulls))]))
    try:
        with connection.transaction():
            row = connection.execute(statement.format(", ".join(figures)).encode()).fetchone()
    except psycopg.Error as error:
        if len(group) == 1:
            return [(group[0].check, Figures(error=short(error)))]
        return [found for asked in group for found in _together(connection, statement, [asked], rows)]
    value = dict(zip(figures, row or (), strict=True))
    return [(asked.check, Figures(value[rows], int(value[asked.failing]), int(value[asked.nulls]))) for asked in group]


def short(error: BaseException) -> str:
    """Kind and first line of an error, for the record."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:500]


def _doubled(text: str) -> str:
    """So that ``str.format`` leaves it as it is."""
    return text.replace("{", "{{").replace("}", "}}")


def _counted(query: str) -> str:
    return f"(select count(*) from ({query}) as failing)"


def _nulls(check: Check) -> str:
    column = check.kwargs.get("column")
    return "0" if column is None else f"count(*) filter (where {_identifier(column)} is null)"


def row_condition(check: Check) -> str | None:
    """When a row of the table fails, as an expression over its columns; None: more than the row itself is asked for.

    A query ``select <names> from {batch} where <condition>`` without an alias, a subquery or a word of
    ``_MORE_THAN_ROWS`` is such a question. Whatever else it is, it is asked as it is written.
    """
    kwargs = check.kwargs
    if check.expectation == "unexpected_rows_expectation":
        match = _OF_ROWS.fullmatch(str(kwargs["unexpected_rows_query"]))
        if match is None or _MORE_THAN_ROWS.search(match["condition"]):
            return None
        return f"({match['condition'].format(batch='')})"
    if check.expectation == "expect_compound_columns_to_be_unique":
        # The database lets no row in whose key is there already: no pass of ours can say more.
        return "false" if set(check.primary_key) and set(check.primary_key) <= set(kwargs["column_list"]) else None
    if check.expectation == "expect_table_row_count_to_be_between":
        return "false"
    return _COLUMN_CONDITIONS[check.expectation](_identifier(kwargs["column"]), kwargs)


def _identifier(name: str) -> str:
    return sql.Identifier(name).as_string(None)


def _literal(value: Any) -> str:
    return sql.Literal(value).as_string(None)


_COLUMN_CONDITIONS: Mapping[str, Callable[[str, Mapping[str, Any]], str]] = {
    "expect_column_values_to_not_be_null": lambda column, _: f"{column} is null",
    "expect_column_values_to_be_in_set": lambda column, kwargs: (
        f"{column} not in ({', '.join(map(_literal, kwargs['value_set']))})"
    ),
    "expect_column_values_to_be_between": lambda column, kwargs: (
        f"{column} < {_literal(kwargs['min_value'])} or {column} > {_literal(kwargs['max_value'])}"
    ),
}


def relation_sql(check: Check) -> str:
    """What the check looks at, as it stands after FROM."""
    if check.table is not None:
        return sql.Identifier(SCHEMA, check.table).as_string(None)
    return f"({check.query}) as subselect"


def failing_sql(check: Check, *, batch: str | None = None, counting: bool = False) -> str:
    """The same condition as the expectation, as SQL that selects what fails. No clear personal data by construction.

    ``batch`` stands for the relation where that is at hand already. ``counting``: the rows that the expectation counts,
    not the ones that ``failing`` of its entry tells of them.
    """
    relation = relation_sql(check) if batch is None else batch
    kwargs = check.kwargs
    if check.expectation == "unexpected_rows_expectation":
        told = None if counting else check.failing
        return str(told or kwargs["unexpected_rows_query"]).format(batch=relation)
    if check.expectation == "expect_table_row_count_to_be_between":
        return f"select count(*) as row_count from {relation} having count(*) < {int(kwargs['min_value'])}"
    if check.expectation == "expect_compound_columns_to_be_unique":
        columns = ", ".join(_identifier(name) for name in kwargs["column_list"])
        return f"select {columns}, count(*) as times from {relation} group by {columns} having count(*) > 1"
    address = ", ".join(_identifier(name) for name in check.primary_key) or "ctid::text as row"
    return f"select {address} from {relation} where {row_condition(check)}"
