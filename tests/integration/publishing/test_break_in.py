"""Every reader tries to get at what it may not see. What leaks is told by a canary: each row names its village."""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg
import pytest

from hearth.database import Role, connect
from tests.integration.publishing.readers import OTHER_VILLAGE, READERS, VILLAGE, connect_as

pytestmark = pytest.mark.usefixtures("county")
BOUND = ("r_township", "r_village", "r_health", "r_auditor", "r_vault", "r_nobody")
"""Readers that see less than the county's households."""
OWN = {"r_village": {VILLAGE}, "r_township": {VILLAGE, OTHER_VILLAGE}}
_CANARY = re.compile(r"only-(\d{12})")


@pytest.fixture(scope="module", autouse=True)
def tables(county: None) -> dict[str, str]:
    """Names that an attacker may well know: a partition, and the oid of the parent."""
    with connect(Role.OWNER) as connection:
        (partition,) = connection.execute(
            "select inhrelid::regclass::text from pg_inherits where inhparent = 'marts.fct_household_month'::regclass"
        ).fetchone() or ("",)
        (oid,) = connection.execute("select 'marts.fct_household_month'::regclass::oid").fetchone() or (0,)
    return {"partition": partition, "oid": str(oid)}


REFUSED = (
    "select * from marts.fct_household_month",
    "select village_code from marts.fct_household_month",
    "select * from {partition}",
    "select * from only marts.fct_household_month",
    "table raw.demo__household",
    "table vault.entry",
    "table vault.data_key",
    "table quarantine.row",
    "table ops.submission",
    "table ops.key_version",
    "table reference.analysis_salt",
    "table pg_catalog.pg_statistic",
    "table pg_catalog.pg_authid",
    "table pg_catalog.pg_largeobject",
    "copy marts.fct_household_month to stdout",
    "copy {partition} to stdout",
    "copy (select * from marts.fct_household_month) to stdout",
    "copy (select 1) to program 'cat'",
    "copy (select 1) to '/dev/null'",
    "select pg_read_file('PG_VERSION')",
    "select pg_read_binary_file('PG_VERSION')",
    "select pg_ls_dir('.')",
    "select pg_stat_file('PG_VERSION')",
    "select lo_import('/etc/hostname')",
    "select lo_export(1, '/dev/null')",
    "create extension dblink",
    "select query_to_xml('select * from marts.fct_household_month', true, false, '')",
    "select table_to_xml({oid}::oid::regclass, true, false, '')",
    "select currtid2('marts.fct_household_month', '(0,1)'::tid)",
    "select ts_stat('select food_reason::tsvector from marts.fct_household_month')",
    "do $$ begin perform * from marts.fct_household_month; end $$",
    "explain analyze select * from marts.fct_household_month",
    "prepare p as select * from marts.fct_household_month",
    "create temporary table mine as select 1",
    "create function pg_temp.leak(text) returns boolean language plpgsql cost 0.0000001 as"
    " $$ begin raise notice '%', $1; return true; end $$",
    "create view shared.mine as select * from marts.fct_household_month",
    "create function public.f() returns int language sql as 'select 1'",
    "create operator public.=== (leftarg = text, rightarg = text, function = texteq)",
    "create schema mine",
    "alter view shared.v_household set (security_invoker = false)",
    "alter table marts.fct_household_month disable row level security",
    "create or replace view shared.v_household as select 1 as one",
    "set role hearth",
    "set role hearth_publisher",
    "set role hearth_builder",
    "set session authorization hearth",
    "grant rows_county to current_user",
    "alter role current_user bypassrls",
    "alter role current_user superuser",
    "set session_replication_role = replica",
    "table ops.deletion",
    "select household_no from shared.v_two_no_worries_three_guarantees",
    "select t::text from shared.v_two_no_worries_three_guarantees as t",
    "update ops.access_log set who = 'x'",
    "delete from ops.access_log",
    "insert into shared.v_household (county_code) values ('x')",
)


@pytest.mark.parametrize("statement", REFUSED)
def test_refused_to_everybody(tables: dict[str, str], statement: str) -> None:
    for reader in READERS:
        with connect_as(reader) as connection, pytest.raises(psycopg.Error) as refusal:
            connection.execute(statement.format(**tables).encode())
        # Not permitted, or nothing this server can do at all; any other error would be an attack that never began.
        assert refusal.value.sqlstate in {"42501", "0A000"}, (reader, refusal.value)
        assert not _CANARY.search(str(refusal.value)), reader


ANSWERED = (
    "select string_agg(food_reason, '') from shared.v_two_no_worries_three_guarantees",
    "select * from shared.v_household",
    "select string_agg(v::text, '') from shared.v_household as v",
    "table shared.v_household order by random()",
    # a condition that may not be tried on foreign rows, whatever it costs
    "select * from shared.v_household"
    f" where 1 / (case when food_reason = 'only-{OTHER_VILLAGE}' then 0 else 1 end) = 1",
    "select * from shared.v_household where food_reason::integer = 1",
    "select * from shared.v_household where food_reason::xml is document",
    "select * from shared.v_household where (food_reason)::regclass is not null",
    "select * from shared.v_household where to_date(food_reason, 'YYYY') is null",
    "select * from shared.v_household where set_config('my.leak', food_reason, false) is null",
    "select query_to_xml('select * from shared.v_household', true, false, '')",
    "select schema_to_xml('shared', true, false, '')",
    "select schema_to_xml('marts', true, false, '')",
    "select database_to_xml(true, false, '')",
    "copy (select * from shared.v_household) to stdout",
    "select * from shared.v_household join shared.v_region on true where food_reason > ''",
    "select lag(food_reason) over (order by village_code) from shared.v_household",
    "select * from shared.v_household tablesample system (100)",
    "explain (analyze, verbose) select * from shared.v_household where food_reason > 'only'",
    "select * from pg_stats where schemaname in ('marts', 'candidate', 'previous', 'raw', 'vault')",
    "select * from pg_stats_ext where schemaname = 'marts'",
    "select pg_get_viewdef('shared.v_household'::regclass)",
    "select query from pg_stat_activity where usename <> current_user and query <> '<insufficient privilege>'",
    "set row_security = off; select * from shared.v_household",
    "set role region_office; select * from shared.v_household",
    "set role rows_county; select * from shared.v_household",
    f"set role rows_{VILLAGE}; select * from shared.v_household",
    "set plan_cache_mode = force_generic_plan; prepare q as select * from shared.v_household; execute q",
    "set enable_seqscan = off; select max(food_reason), min(food_reason) from shared.v_household",
    "begin; declare c cursor for select * from shared.v_household; fetch all c; commit",
    "do $$ declare r record; begin"
    " for r in select * from shared.v_household loop raise notice '%', r; end loop; end $$",
)


def everything_said(connection: psycopg.Connection[object], statements: str) -> Iterator[str]:
    """Answers, notices and refusals of the statements, one after another as one client sends them."""
    connection.add_notice_handler(lambda notice: said.append(str(notice.message_primary)))
    said: list[str] = []
    parts = [statements] if statements.startswith("do ") else statements.split("; ")
    for statement in parts:
        try:
            cursor = connection.cursor()
            if statement.startswith("copy "):
                with cursor.copy(statement.encode()) as rows:
                    said.extend(str(bytes(row)) for row in rows)
            else:
                cursor.execute(statement.encode())
                said.extend(str(row) for row in (cursor.fetchall() if cursor.description else ()))
        except psycopg.Error as refusal:
            said.append(str(refusal))
    yield from said


@pytest.mark.parametrize("statement", ANSWERED)
def test_what_is_answered_holds_own_rows_only(tables: dict[str, str], statement: str) -> None:
    for reader in BOUND:
        with connect_as(reader) as connection:
            text = "\n".join(everything_said(connection, statement))
        # The canary an attacker typed comes back in an error or a plan; nobody learns from that.
        found = set(_CANARY.findall(text)) - set(_CANARY.findall(statement))
        assert found <= OWN.get(reader, set()), reader
        assert "division by zero" not in text or reader == "r_township", reader


def test_the_attacks_would_show_where_nothing_stops_them() -> None:
    """The county's analyst runs into the very conditions that a village's reader must not be told about."""
    said = {}
    for statement in ANSWERED:
        with connect_as("hearth_reader") as connection:
            said[statement] = "\n".join(everything_said(connection, statement))
    assert {OTHER_VILLAGE, VILLAGE} <= set(_CANARY.findall(said[ANSWERED[1]]))
    assert "division by zero" in said[ANSWERED[4]]
    assert sum(bool(_CANARY.search(text)) for text in said.values()) > 10


def test_rows_removed_by_the_rule_tell_nothing_of_foreign_rows() -> None:
    """EXPLAIN ANALYZE counts what a filter removed: the same, whether a foreign row would have met the condition."""
    with connect_as("r_village") as connection:
        counts = []
        for value in (OTHER_VILLAGE, "000000000000"):
            plan = connection.execute(
                "explain (analyze, costs off, timing off, summary off, buffers off) select * from shared.v_household "
                f"where food_reason = 'only-{value}'".encode()
            ).fetchall()
            counts.append([row[0] for row in plan if "Removed" in row[0] or "actual" in row[0]])
    assert counts[0] == counts[1]


def test_no_reader_may_name_a_partition(tables: dict[str, str]) -> None:
    with connect(Role.OWNER) as connection:
        open_ones = connection.execute(
            "select c.relname, r.rolname from pg_class as c cross join pg_roles as r"
            " where c.relnamespace in ('marts'::regnamespace, 'previous'::regnamespace, 'candidate'::regnamespace)"
            " and (c.relispartition or c.relnamespace <> 'marts'::regnamespace) and c.relkind in ('r', 'p')"
            " and r.rolname = any(%s)"
            " and (has_table_privilege(r.oid, c.oid, 'select') or has_any_column_privilege(r.oid, c.oid, 'select'))",
            [list(READERS)],
        ).fetchall()
    assert open_ones == []
