"""From the entries of a suite to checks on the tables that are there: globs, columns and names filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import psycopg
from psycopg import sql

from expectations.suite import Entry, Meta, Suite

SCHEMA = "candidate"
PREFIXES = ("dim_", "fct_", "bridge_")
_TEXT_TYPES = ("text", "character varying", "character", "text[]", "character varying[]", "json", "jsonb")
_TOKEN = re.compile(
    r"(?<![:\w]):((?:build_id|county_code|period|table|text_cells|raw_counts|before\.\w+)\b"
    r"|text_line(?:_but_no)?\(\d+\))"
)

Connection = psycopg.Connection[Any]


class UnresolvableError(ValueError):
    """An entry cannot be filled in for what is in candidate: that is a failed check, never a skipped one."""


@dataclass(frozen=True, slots=True)
class CandidateTable:
    """A table of ``candidate`` as the catalog describes it; columns map to their type without length."""

    name: str
    oid: int
    columns: Mapping[str, str]
    primary_key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is judged: one build and the candidate tables as they stand."""

    build_id: int
    county_code: str
    period: str
    tables: Mapping[str, CandidateTable]
    raw_counts: str
    """SQL of the rows in ``raw`` per submission of the build: (submission_id, raw_rows), in parentheses."""
    before_period: str | None = None
    """The newest month before this one that is live."""
    published: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Columns of the tables of ``marts``."""


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation on one table or query."""

    check_id: str
    suite: str
    expectation: str
    meta: Meta
    kwargs: Mapping[str, Any]
    table: str | None
    query: str | None
    primary_key: tuple[str, ...] = ()
    """How a failing row of ``table`` is named."""
    failing: str | None = None
    """SQL of what is told of a failure, where that is not what the expectation selects."""
    problem: str | None = None
    """Set: the check cannot run, and so fails."""

    @property
    def asset_key(self) -> str:
        return f"table {self.table}" if self.table is not None else f"query {self.query}"

    def message(self, failing_count: int | None) -> str:
        shown = {"table": self.table or "", "column": self.kwargs.get("column", ""), "n": failing_count}
        return f"{self.meta.message_zh.format(**shown)}。{self.meta.fix_zh}"


def read_candidate(connection: Connection, build_id: int) -> dict[str, CandidateTable]:
    """The tables that a build would publish, by name, sorted: those in ``candidate``, and the published ones it keeps.

    ``candidate`` shows what is kept by a view; its oid, columns and key are those of the published table.
    """
    rows = connection.execute(
        """
        select t.table_name, c.oid::bigint,
            (select array_agg(a.attname::text order by a.attnum) from pg_attribute as a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
            (select array_agg(format_type(a.atttypid, null) order by a.attnum) from pg_attribute as a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
            (select array_agg(a.attname::text order by keys.position)
             from pg_index as i
             cross join unnest(i.indkey::smallint[]) with ordinality as keys (attnum, position)
             join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = keys.attnum
             where i.indrelid = c.oid and i.indisprimary and i.indisvalid and i.indimmediate)
        from ops.candidate_table(%s) as t
        join pg_class as c on c.oid = t.relation
        order by t.table_name
        """,
        [build_id],
    ).fetchall()
    return {
        name: CandidateTable(name, oid, dict(zip(columns or (), types or (), strict=True)), tuple(key or ()))
        for name, oid, columns, types, key in rows
        if name.startswith(PREFIXES)
    }


def read_published(
    connection: Connection, county_code: str, period: str
) -> tuple[str | None, dict[str, frozenset[str]]]:
    """The newest live month before ``period``, and the columns of every published table."""
    row = connection.execute(
        "select max(period) from ops.publication where county_code = %s and period < %s and state = 'live'",
        [county_code, period],
    ).fetchone()
    tables = connection.execute(
        "select c.relname, array_agg(a.attname::text) from pg_class as c join pg_attribute as a on a.attrelid = c.oid "
        "where c.relnamespace = 'marts'::regnamespace and c.relkind = 'p' and a.attnum > 0 and not a.attisdropped "
        "group by c.relname"
    ).fetchall()
    return (row[0] if row else None), {name: frozenset(columns) for name, columns in tables}


def raw_counts_sql(connection: Connection, build_id: int) -> str:
    """SQL that counts the raw rows of every submission of the build, one table of ``raw`` per feed.

    Raises UnresolvableError when the build has no inputs.
    """
    rows = connection.execute(
        "select department, feed, submission_id from ops.build_input where build_id = %s order by feed", [build_id]
    ).fetchall()
    if not rows:
        raise UnresolvableError(f"build [{build_id}] has no inputs; plan it again")
    parts = [
        sql.SQL(
            "select {submission} as submission_id, count(*) as raw_rows from {table} where submission_id = {submission}"
        ).format(
            submission=sql.Literal(submission_id),
            table=sql.Identifier("raw", f"{department}__{feed.rpartition('.')[2]}"),
        )
        for department, feed, submission_id in rows
    ]
    return "(" + sql.SQL(" union all ").join(parts).as_string(connection) + ")"


def resolve(suite: Suite, subject: Subject) -> list[Check]:
    """The checks of a suite on ``subject``; what cannot be filled in becomes a check with a ``problem``."""
    return [check for entry in suite.entries for check in _resolve_entry(suite.name, entry, subject)]


def _resolve_entry(suite: str, entry: Entry, subject: Subject) -> list[Check]:
    checks = []
    targets: Sequence[str | None] = [None] if entry.query is not None else _tables(entry, subject)
    if not targets:
        return [_failed(suite, entry, None, f"no candidate table matches [{entry.table}]")]
    for target in targets:
        if target is not None and target not in subject.tables:
            checks.append(_failed(suite, entry, target, f"candidate has no table [{target}]"))
            continue
        for column in entry.columns or (None,):
            kwargs = dict(entry.kwargs) if column is None else {**entry.kwargs, "column": column}
            table = None if target is None else subject.tables[target]
            try:
                checks.append(
                    Check(
                        check_id=_check_id(entry, target, column),
                        suite=suite,
                        expectation=entry.expectation,
                        meta=entry.meta,
                        kwargs={name: _fill(value, table, subject) for name, value in kwargs.items()},
                        table=target,
                        query=None if entry.query is None else _fill_sql(entry.query, None, subject),
                        primary_key=() if table is None else table.primary_key,
                        failing=None if entry.failing is None else _fill_sql(entry.failing, table, subject),
                    )
                )
            except UnresolvableError as error:
                checks.append(_failed(suite, entry, target, str(error)))
    return checks


def _check_id(entry: Entry, table: str | None, column: str | None) -> str:
    address = ".".join(part for part in (table, column) if part)
    return f"{entry.id}[{address}]" if address else entry.id


def _failed(suite: str, entry: Entry, table: str | None, problem: str) -> Check:
    return Check(_check_id(entry, table, None), suite, entry.expectation, entry.meta, {}, table, None, problem=problem)


def _tables(entry: Entry, subject: Subject) -> list[str]:
    if entry.tables:
        return list(entry.tables)
    pattern = entry.table or ""
    if not any(character in pattern for character in "*?["):
        return [pattern]
    return [
        name
        for name, table in subject.tables.items()
        if fnmatchcase(name, pattern)
        and name not in entry.but
        and all(column in table.columns for column in entry.having)
    ]


def _fill(value: Any, table: CandidateTable | None, subject: Subject) -> Any:
    if value == "$primary_key":
        if table is None or not table.primary_key:
            raise UnresolvableError(f"[{table.name if table else 'query'}] has no primary key")
        return list(table.primary_key)
    if isinstance(value, list):
        return [_fill(item, table, subject) for item in value]
    if value == ":county_code":
        return subject.county_code
    if value == ":period":
        return subject.period
    return _fill_sql(value, table, subject) if isinstance(value, str) else value


def _fill_sql(text: str, table: CandidateTable | None, subject: Subject) -> str:
    def replacement(match: re.Match[str]) -> str:
        token = match[1]
        if token == "build_id":  # noqa: S105 - a word of the suite, no password - the name of a placeholder
            return str(subject.build_id)
        if token == "raw_counts":  # noqa: S105 - a word of the suite, no password
            return subject.raw_counts
        if token in ("county_code", "period"):
            return sql.Literal(getattr(subject, token)).as_string(None)
        if token.startswith("before."):
            return _before(token.removeprefix("before."), subject)
        if table is None:
            raise UnresolvableError(f"[:{token}] needs an entry with a table")
        if token.startswith("text_line"):
            return _text_line(table, token)
        return sql.Literal(table.name).as_string(None) if token == "table" else _text_cells(table)  # noqa: S105 - a word of the suite, no password

    return _TOKEN.sub(replacement, text)


def _before(name: str, subject: Subject) -> str:
    """The table as it was published for the month before, in candidate's columns; those it lacked are null."""
    candidate = subject.tables.get(name)
    if candidate is None:
        raise UnresolvableError(f"candidate has no table [{name}]")
    columns = subject.published.get(name)
    if subject.before_period is None or columns is None:
        return sql.SQL("(select * from {} where false)").format(sql.Identifier("candidate", name)).as_string(None)
    cells = sql.SQL(", ").join(
        sql.Identifier(column)
        if column in columns
        else sql.SQL("null::{} as {}").format(sql.SQL(type_name), sql.Identifier(column))
        for column, type_name in candidate.columns.items()
    )
    # A dimension holds what was published last; only facts have a month.
    month = sql.SQL("and period = {}").format(sql.Literal(subject.before_period))
    return (
        sql.SQL("(select {} from {} where county_code = {} {})")
        .format(
            cells,
            sql.Identifier("marts", name),
            sql.Literal(subject.county_code),
            sql.SQL("") if name.startswith("dim_") else month,
        )
        .as_string(None)
    )


def _text_columns(table: CandidateTable) -> list[str]:
    names = [name for name, type_name in table.columns.items() if type_name in _TEXT_TYPES]
    if not names:
        raise UnresolvableError(f"[{table.name}] has no text column")
    return names


def _text_line(table: CandidateTable, token: str) -> str:
    """The long text of a row as one, a line a column: a pattern is looked for once a row and not once a cell."""
    kind, _, least = token.rstrip(")").partition("(")
    names = [name for name in _text_columns(table) if not (kind.endswith("_but_no") and name.endswith("_no"))]
    cells = sql.SQL(", ").join(
        sql.SQL("case when length({0}::text) >= {1} then {0}::text end").format(
            sql.Identifier(name), sql.Literal(int(least))
        )
        for name in names
    )
    return sql.SQL("concat_ws(chr(10), {})").format(cells).as_string(None) if names else "''"


def _text_cells(table: CandidateTable) -> str:
    names = _text_columns(table)
    cells = [
        sql.SQL("({}, checked.{}::text)").format(sql.Literal(name), sql.Identifier(name)).as_string(None)
        for name in names
    ]
    return f"(values {', '.join(cells)})"
