"""Tables of schemas ``raw`` and ``reference``, made from the contracts and the reference files.

`raw_columns` is the one place that knows how a contract column lies in its raw table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from ingestion import ledger_upgrade, vault_upgrade
from ingestion.contract import SQL_TYPES, Column, Contract, Kind, Privacy, contracts
from ingestion.reference_data import code_lists, regions, thresholds
from ingestion.reference_tables import CSV_TABLES, ReferenceTable, csv_rows


@dataclass(frozen=True, slots=True)
class RawColumn:
    """One column of a raw table, in the order of the table."""

    name: str
    sql_type: str
    comment: str
    """Chinese title first, then the English description."""
    origin: str | None = None
    """The contract column it is filled from; None for columns that intake adds."""
    is_hash: bool = False
    """Holds the keyed hash of the origin, never its clear value."""
    is_precision: bool = False
    """Holds how exact the origin is: day, month or year."""
    is_required: bool = False
    default: str | None = None
    """SQL expression."""


_STAMPS: tuple[RawColumn, ...] = (
    RawColumn("county_code", "text", "县区划代码 | GB/T 2260 code of the county, 6 digits", is_required=True),
    RawColumn("report_month", "text", "报送月份 | reporting month, YYYY-MM", is_required=True),
    RawColumn("submission_id", "text", "报送编号 | submission in ops.submission the row came with", is_required=True),
    RawColumn("contract_version", "text", "数据约定版本 | version of the contract it was read by", is_required=True),
    RawColumn("source_file", "text", "来源文件 | archive key of the file", is_required=True),
    RawColumn("source_sheet", "text", "来源工作表 | sheet of the file", is_required=True),
    RawColumn("source_row", "integer", "来源行号 | row of the sheet, from 1", is_required=True),
    RawColumn("loaded_at", "timestamptz", "入库时间 | moment of loading", is_required=True, default="now()"),
)
_FROM_ID: tuple[RawColumn, ...] = (
    RawColumn("birth_from_id", "date", "证件出生日期 | birth date that the ID number states"),
    RawColumn("sex_from_id", "text", "证件性别 | sex that the ID number states: 1 male, 2 female"),
    RawColumn(
        "id_link",
        "text",
        "证件可关联性 | whether the ID number can link: usable, raised (15 digits were sent), placeholder or missing",
    ),
)


def _columns_of(column: Column) -> Iterable[RawColumn]:
    unit = f" ({column.unit})" if column.unit else ""
    comment = f"{column.title}{unit} | {column.description}"
    if column.privacy is Privacy.DIRECT:
        listed = column.kind is Kind.ID_LIST
        text = f"{column.title}（密文） | keyed hash (HMAC-SHA256) of: {column.description}"
        yield RawColumn(f"{column.name}_hash", "text[]" if listed else "text", text, column.name, is_hash=True)
        return
    yield RawColumn(column.name, column.physical_type, comment, column.name)
    if column.coarser:
        text = f"{column.title}精度 | how exact {column.name} is: day, month or year"
        yield RawColumn(f"{column.name}_precision", SQL_TYPES[Kind.TEXT], text, column.name, is_precision=True)


def raw_columns(contract: Contract) -> list[RawColumn]:
    """The columns of the contract's raw table, in order: stamps, contract columns, what the ID number tells."""
    found = list(_STAMPS)
    for column in contract.columns:
        if column.loaded:
            found.extend(_columns_of(column))
    if contract.person_column is not None:
        found.extend(_FROM_ID)
    names = [column.name for column in found]
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"contract [{contract.feed_id}]: two columns would be named {twice}; rename one")
    return found


_REFERENCE: tuple[ReferenceTable, ...] = (
    ReferenceTable(
        "region",
        "行政区划 | division codes, padded to 12 digits, with their parents",
        (
            ("region_code", "text not null", "区划代码 | 12-digit code"),
            ("name", "text not null", "名称 | name as published"),
            ("level_code", "text not null", "级别 | province, prefecture, county, township or village"),
            ("parent_code", "text", "上级代码 | code of the region it lies in"),
            ("valid_from", "date not null", "生效日期 | first day of validity"),
            ("valid_to", "date", "失效日期 | last day of validity; null is open"),
            ("successor_code", "text", "后继区划代码 | code that took its place when it ended; null keeps its own"),
            ("is_poor_village", "boolean", "是否贫困村 | whether it was a poor village; null is not known"),
            ("is_ecological_zone", "boolean", "是否生态保护区 | whether in an ecological zone; null is not known"),
            ("is_water_short_zone", "boolean", "是否缺水地区 | whether in a water-short zone; null is not known"),
            ("source", "text not null", "依据 | where the row comes from"),
        ),
        ("region_code", "valid_from"),
    ),
    ReferenceTable(
        "code_list",
        "代码表 | codes, labels and accepted spellings",
        (
            ("list_name", "text not null", "代码表名 | name of the list"),
            ("code", "text not null", "代码 | code as stored"),
            ("label", "text not null", "含义 | label as the template shows it"),
            ("aliases", "text[] not null", "别名 | other accepted spellings"),
            ("sort_order", "integer not null", "顺序 | position in the list"),
        ),
        ("list_name", "code"),
    ),
    ReferenceTable(
        "threshold",
        "参数 | dated parameters and thresholds; a place beats the country, a newer row an older one",
        (
            ("parameter_code", "text not null", "参数代码 | name of the parameter"),
            ("region_code", "text not null default ''", "适用地区 | 12-digit code; empty is the whole country"),
            ("valid_from", "date not null", "生效日期 | first day of validity"),
            ("valid_to", "date", "失效日期 | last day of validity; null is open"),
            ("value", "text not null", "参数值 | value as text"),
            ("unit", "text not null", "单位 | unit of the value"),
            ("clause", "text not null", "条款 | clause that sets it, where there is one"),
            ("source", "text not null", "依据 | where the value comes from"),
        ),
        ("parameter_code", "region_code", "valid_from"),
    ),
    ReferenceTable(
        "feed",
        "报送目录 | the feeds that contracts define",
        (
            ("department", "text not null", "部门 | department that sends the feed"),
            ("feed", "text not null", "数据表 | feed within the department"),
            ("feed_id", "text not null", "报送表编号 | department.feed"),
            ("title_zh", "text not null", "中文名称 | Chinese title of the feed"),
            ("department_zh", "text not null", "部门名称 | Chinese name of the department"),
            ("semantics", "text not null", "语义 | snapshot, ledger or event"),
            ("due_day", "integer not null", "截止日 | day of the next month on which it is due"),
            ("contract_version", "text not null", "数据约定版本 | version of the contract"),
            ("is_required", "boolean not null", "是否必报 | whether a month is complete only with it"),
        ),
        ("feed_id",),
    ),
    ReferenceTable(
        "feed_version",
        "数据约定版本 | the versions of each contract and from which month each is in force",
        (
            ("feed_id", "text not null", "报送表编号 | department.feed"),
            ("contract_version", "text not null", "数据约定版本 | version of the contract"),
            ("since", "text not null", "起始月份 | first month read by it, YYYY-MM; the first version begins 0001-01"),
        ),
        ("feed_id", "contract_version"),
    ),
)
_FIRST_MONTH = "0001-01"
"""Months before the first version are read by the first."""


def _reference_rows(found: Mapping[str, Contract]) -> Mapping[str, list[tuple[Any, ...]]]:
    return {
        "region": [
            (
                *(region.region_code, region.name, region.level_code, region.parent_code),
                *(region.valid_from, region.valid_to, region.successor_code),
                *(region.is_poor_village, region.is_ecological_zone, region.is_water_short_zone, region.source),
            )
            for region in regions()
        ],
        "code_list": [
            (codes.name, code.code, code.label, list(code.aliases), code.sort_order)
            for codes in code_lists().values()
            for code in codes.codes
        ],
        "threshold": [
            (
                *(row.parameter_code, row.region_code, row.valid_from, row.valid_to),
                *(row.value, row.unit, row.clause, row.source),
            )
            for row in thresholds()
        ],
        "feed": [
            (
                *(contract.department, contract.feed, contract.feed_id, contract.title, contract.department_title),
                *(contract.semantics, contract.due_day, contract.version, True),
            )
            for contract in found.values()
        ],
        "feed_version": [
            (contract.feed_id, version, since) for contract in found.values() for version, since in _versions(contract)
        ],
    }


def _versions(contract: Contract) -> Iterator[tuple[str, str]]:
    """The versions of a contract with the first month that each reads."""
    if not contract.versions:
        yield contract.version, _FIRST_MONTH
    for place, entry in enumerate(contract.versions):
        yield entry.version, str(entry.since) if place else _FIRST_MONTH


def _comment(connection: psycopg.Connection, table: sql.Composable, text: str, column: str | None = None) -> None:
    target = sql.SQL("table {}").format(table)
    if column is not None:
        target = sql.SQL("column {}.{}").format(table, sql.Identifier(column))
    connection.execute(sql.SQL("comment on {} is {}").format(target, sql.Literal(text)))


def _existing_types(connection: psycopg.Connection, table: str) -> Mapping[str, str]:
    rows = connection.execute(
        "select a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute as a"
        " where a.attrelid = to_regclass(%s) and a.attnum > 0 and not a.attisdropped",
        [f'raw."{table}"'],
    )
    return dict(rows.fetchall())


_SPELLINGS: Mapping[str, str] = {
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
}


def _raw_table(connection: psycopg.Connection, contract: Contract) -> None:
    """Create the raw table or add the columns it lacks. Columns that left the contract stay: rows refer to them."""
    table = sql.Identifier("raw", contract.raw_table)
    before = _existing_types(connection, contract.raw_table)
    connection.execute(sql.SQL("create table if not exists {} ()").format(table))
    _comment(connection, table, f"{contract.title} | {contract.description.strip()} One row: {contract.grain}.")
    for column in raw_columns(contract):
        held = before.get(column.name)
        asked = _SPELLINGS.get(column.sql_type, column.sql_type)
        if held is None:
            definition = column.sql_type
            definition += f" default {column.default}" if column.default else ""
            definition += " not null" if column.is_required else ""
            connection.execute(
                sql.SQL("alter table {} add column {} {}").format(
                    table,
                    sql.Identifier(column.name),
                    sql.SQL(definition),
                )
            )
        elif held.replace(" ", "") != asked.replace(" ", ""):
            raise ValueError(
                f"raw table [{contract.raw_table}] column [{column.name}] is [{held}], the contract says [{asked}]:"
                " a column never changes its type; give the new meaning a new name"
            )
        _comment(connection, table, column.comment, column.name)
    index = sql.Identifier(f"{contract.raw_table}__submission")
    connection.execute(sql.SQL("create index if not exists {} on {} (submission_id)").format(index, table))


def _align(connection: psycopg.Connection, table: sql.Identifier, spec: ReferenceTable) -> None:
    """Give a table that is there already the columns and the key of today; its rows are about to be replaced."""
    # Delete, not truncate: readers of the running system keep seeing the old rows until commit.
    connection.execute(sql.SQL("delete from {}").format(table))
    for name, definition, _ in spec.columns:
        connection.execute(
            sql.SQL("alter table {} add column if not exists {} {}").format(
                table, sql.Identifier(name), sql.SQL(definition)
            )
        )
    held = connection.execute(
        "select c.conname, array_agg(a.attname::text order by k.position)"
        " from pg_constraint as c cross join unnest(c.conkey) with ordinality as k (attnum, position)"
        " join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = k.attnum"
        " where c.contype = 'p' and c.conrelid = to_regclass(%s) group by c.conname",
        [f"reference.{spec.name}"],
    ).fetchone()
    if held is None or tuple(held[1]) != spec.key:
        key = sql.SQL(", ").join(map(sql.Identifier, spec.key))
        if held is not None:
            connection.execute(sql.SQL("alter table {} drop constraint {}").format(table, sql.Identifier(held[0])))
        connection.execute(sql.SQL("alter table {} add primary key ({})").format(table, key))


def _reference_table(connection: psycopg.Connection, spec: ReferenceTable, rows: Sequence[tuple[Any, ...]]) -> None:
    table = sql.Identifier("reference", spec.name)
    body = ", ".join(f"{name} {definition}" for name, definition, _ in spec.columns)
    body += f", primary key ({', '.join(spec.key)})"
    connection.execute(sql.SQL("create table if not exists {} ({})").format(table, sql.SQL(body)))
    _comment(connection, table, spec.comment)
    _align(connection, table, spec)
    for name, _, comment in spec.columns:
        _comment(connection, table, comment, name)
    names = sql.SQL(", ").join(sql.Identifier(name) for name, _, _ in spec.columns)
    with connection.cursor().copy(sql.SQL("copy {} ({}) from stdin").format(table, names)) as stream:
        for row in rows:
            stream.write_row(row)


def migrate(connection: psycopg.Connection, found: Mapping[str, Contract] | None = None) -> None:
    """Bring ``raw`` and ``reference`` to the shape of the contracts, inside the caller's transaction.

    Safe on a live warehouse and idempotent. Raises ValueError when a contract changes the type of a loaded column.
    """
    vault_upgrade.upgrade(connection)
    ledger_upgrade.neutralise_names(connection)
    known = contracts() if found is None else found
    for contract in known.values():
        _raw_table(connection, contract)
    rows = _reference_rows(known)
    for spec in _REFERENCE:
        _reference_table(connection, spec, rows[spec.name])
    for spec in CSV_TABLES:
        _reference_table(connection, spec, csv_rows(spec))
