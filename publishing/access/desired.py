"""The rights that the data files ask for, as facts about this database."""

from __future__ import annotations

from collections.abc import Iterator

from publishing.access.catalogue import columns_beneath, view_columns
from publishing.access.facts import AccessError, Fact, row_policy
from publishing.access.model import ROWS_COUNTY, Access, Group
from publishing.tables import Connection, Table, read_tables

_PLACE_COLUMN = {"township": "township_code", "village": "village_code"}


def _member(role: str) -> str:
    return f"pg_has_role(CURRENT_USER, '{role}'::name, 'member'::text)"


def _refuse_missing(what: str, names: set[str], known: set[str], mend: str) -> None:
    if missing := sorted(names - known):
        raise AccessError(f"the access files name {what} {missing}, which this database does not have; {mend}")


def desired_facts(connection: Connection, access: Access, counties: tuple[str, ...]) -> set[Fact]:
    """Raises AccessError when a view, table, column, region or department of the files is not in the database."""
    row = connection.execute("select quote_ident(current_database())").fetchone()
    database = "" if row is None else str(row[0])
    facts = set(_roles(access, database))
    beneath = columns_beneath(connection)
    columns = view_columns(connection)
    for group in access.groups:
        facts |= set(_reading(group, access.views(group), beneath))
        facts |= set(_looking(group, access.views(group), columns))
    return facts | set(_row_rules(connection, access, counties, beneath))


def declared_roles(access: Access) -> set[str]:
    """Every role of the data files."""
    return {fact.role for fact in _roles(access, "") if fact.kind == "role"}


def _roles(access: Access, database: str) -> Iterator[Fact]:
    names = {group.name for group in access.groups} | {reader.rows_role for reader in access.readers} | {ROWS_COUNTY}
    for name in names:
        yield Fact("role", name, "nologin")
    for reader in access.readers:
        yield Fact("role", reader.name, "login")
        yield Fact("database", reader.name, database, "CONNECT")
        for group in (*reader.groups, reader.rows_role):
            yield Fact("member", reader.name, group)


def _reading(group: Group, views: list[str], beneath: dict[str, set[tuple[str, str, str]]]) -> Iterator[Fact]:
    _refuse_missing(
        f"for [{group.name}] the shared views", set(views), set(beneath), "deploy first (hearth up), or mend the file"
    )
    if views:
        yield Fact("schema", group.name, "shared", "USAGE")
    for view in views:
        for schema, table, column in beneath[view]:
            yield Fact("column", group.name, plain(schema, table), f"SELECT {column}")
    for table in group.tables:
        schema, name = table.split(".")
        yield Fact("schema", group.name, schema, "USAGE")
        yield Fact("relation", group.name, plain(schema, name), "SELECT")
    for function in group.functions:
        yield Fact("schema", group.name, function.partition(".")[0], "USAGE")
        yield Fact("function", group.name, function.replace(", ", ","), "EXECUTE")


def _looking(group: Group, views: list[str], columns: dict[str, list[str]]) -> Iterator[Fact]:
    """The views whole, or column by column where some are masked. What lies beneath is granted all the same: a view
    asks for every column it is made of, and a reader cannot name the tables themselves.
    """
    known = {column for view in views for column in columns[view]}
    _refuse_missing(f"as masked for [{group.name}] the columns", set(group.masked), known, "mend groups.yaml")
    for view in views:
        shown = [column for column in columns[view] if column not in group.masked]
        if len(shown) == len(columns[view]):
            yield Fact("relation", group.name, plain("shared", view), "SELECT")
        else:
            yield from (Fact("column", group.name, plain("shared", view), f"SELECT {column}") for column in shown)


def plain(schema: str, name: str) -> str:
    """As format('%I.%I') writes it: names of Hearth are lower-case words and need no quotes."""
    return f"{schema}.{name}"


def _row_rules(
    connection: Connection, access: Access, counties: tuple[str, ...], beneath: dict[str, set[tuple[str, str, str]]]
) -> Iterator[Fact]:
    rows, parents = access.rows, read_tables(connection, "marts")
    departments = (*rows.by_department.tables, *rows.by_department.own_only)
    named = {*rows.by_region, *rows.by_county, *departments, *rows.open}
    _refuse_missing("the published tables", named, set(parents), "deploy first (hearth up), or mend rows.yaml")
    for name in parents:
        yield Fact("rls", "", plain("marts", name))
        for service in rows.services:
            yield row_policy(service, name, "true")
    places = _places(connection, access, counties)
    for name in rows.by_region:
        _refuse_missing(f"in table [{name}] the columns", set(_PLACE_COLUMN.values()), set(parents[name].columns), _ADD)
        yield row_policy(ROWS_COUNTY, name, _member(ROWS_COUNTY))
        for role, column, region in places:
            yield row_policy(role, name, f"(({column} = '{region}'::text) AND {_member(role)})")
    for name in rows.by_county:
        yield row_policy(ROWS_COUNTY, name, _member(ROWS_COUNTY))
    yield from _department_rules(connection, access, parents)
    for name in rows.open:
        readers = {g.name for g in access.groups for v in access.views(g) for _, t, _ in beneath[v] if t == name}
        for role in readers:
            yield row_policy(role, name, _member(role))


_ADD = "let the model carry them"


def _department_rules(connection: Connection, access: Access, parents: dict[str, Table]) -> Iterator[Fact]:
    rule = access.rows.by_department
    known = {name for (name,) in connection.execute("select distinct department from reference.feed")}
    departments = {group.department for group in access.groups if group.department is not None}
    _refuse_missing("the departments", departments, known, "write its contract, or mend groups.yaml")
    for name in (*rule.tables, *rule.own_only):
        _refuse_missing(f"in table [{name}] the column", {"feed_id"}, set(parents[name].columns), _ADD)
        everything = () if name in rule.own_only else rule.everything
        for role in everything:
            yield row_policy(role, name, _member(role))
        for group in access.groups:
            if group.department is not None and group.name not in everything:
                department = f"(split_part(feed_id, '.'::text, 1) = '{group.department}'::text)"
                yield row_policy(group.name, name, f"({department} AND {_member(group.name)})")


def _places(connection: Connection, access: Access, counties: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """(role, column, region code) of every region that a reader is bound to."""
    levels = dict(connection.execute("select region_code, level_code from reference.region").fetchall())
    places = {}
    for reader in access.readers:
        if reader.region is None:
            continue
        level = levels.get(reader.region)
        if level not in _PLACE_COLUMN or not reader.region.startswith(counties):
            raise AccessError(
                f"reader [{reader.name}] has region [{reader.region}], which is no township or village of county "
                f"{list(counties)} in reference.region; mend readers.yaml"
            )
        places[reader.rows_role] = (reader.rows_role, _PLACE_COLUMN[level], reader.region)
    return sorted(places.values())
