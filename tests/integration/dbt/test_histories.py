"""Histories and events of a small register on a real PostgreSQL: any order of months gives the same, and what a month's
close writes is what the whole history says of it. Runs the models themselves, without dbt."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hearth.database import Role, connect
from hearth.dbt import PROJECT_DIR
from hearth.period import Period
from hearth.settings import Settings
from tests.integration.dbt.rendering import macro_text, render

MONTHS = [str(Period(2025, 11).shift(step)) for step in range(12)]
ORDERS = 20
HOUSEHOLDS, PERSONS = 6, 16
MACROS = ("keys", "versions", "months", "pinned_feed", "member_events", "status_changes")
HISTORIES = ("dim_household_version", "dim_membership", "dim_account")
"""Each made from this month's rows and what was last published of it."""
FACTS = {
    "fct_member_event": ("v_member_event", "event_code, person_key"),
    "fct_status_change": ("v_status_change", "change_code, value_before, value_after, reason_code"),
}
"""What a close writes of its month -> the view of all months, and what both say of a household and a month."""
Row = tuple[Any, ...]
Snapshot = Mapping[str, Sequence[Row]]
"""Table of this month's rows -> rows."""

TABLES = """
create schema history_test;
set search_path to history_test;
create table publication (period text primary key);
create table fct_register_household (
    household_key bigint, is_active boolean, poverty_status_code text, monitor_class_code text, is_risk_removed boolean,
    village_code text, change_code text, change_month text, monitored_month text, member_count int default 3,
    county_code text default '520099', household_no text, township_code text, register_class_code text,
    poverty_attribute_code text, main_cause_code text, secondary_cause_code text[], risk_code text[]
);
create table fct_register_member (
    household_key bigint, person_key bigint, is_active boolean, relation_code text, member_change_code text,
    member_change_month text, county_code text default '520099'
);
create table stg_power__connection (
    submission_id text, source_sheet text, source_row int, account_no text, household_no text,
    holder_id_number_hash text, county_code text default '520099'
);
create table int_link__connection (submission_id text, source_sheet text, source_row int, household_key bigint);
create table dim_account as
select 'power'::text as account_kind, account_no, county_code, ''::text as valid_from, ''::text as valid_to,
    true as is_current, 0::bigint as household_key
from stg_power__connection;
create table dim_household_version as
select *, ''::text as valid_from, ''::text as valid_to, true as is_current from fct_register_household;
create table dim_membership as
select household_key, person_key, county_code, ''::text as membership_code, relation_code,
    member_change_code as change_code, member_change_month as change_month, ''::text as valid_from,
    ''::text as valid_to, true as is_current
from fct_register_member;
create table dim_household as
select n::bigint as household_key, '520099' as county_code, 'H' || n as household_no from generate_series(1, 9) as n;
"""


@cache
def rendered(model: str, period: str) -> str:
    """The model as dbt would compile it, over the tables of the test."""
    folder = Path(PROJECT_DIR)
    (path,) = (folder / "models").rglob(f"{model}.sql")
    names = {f"stg_published__{name.removeprefix('dim_')}": name for name in HISTORIES}
    following = f"(select min(period) as next_period from publication where period > '{period}')"
    return render(
        macro_text(*MACROS) + "\n" + path.read_text(encoding="utf-8"),
        var={"period": period, "county_code": "520099"}.__getitem__,
        ref=lambda name: f"{following} as n" if name == "int_next_published" else names.get(name, name),
        published=lambda name: name,
    )


def close(connection: psycopg.Connection, period: str, snapshot: Snapshot) -> None:
    """What a close and its publication do to the histories."""
    with connection.cursor() as cursor:
        for table, rows in snapshot.items():
            cursor.execute(f"truncate {table}".encode())
            columns = ", ".join(["%s"] * len(rows[0]))
            cursor.executemany(f"insert into {table} values ({columns})".encode(), rows)
        for model in HISTORIES:
            cursor.execute(f"create table moved as {rendered(model, period)}".encode())
            cursor.execute(f"drop table {model}; alter table moved rename to {model}".encode())
    connection.execute("insert into publication values (%s) on conflict do nothing", [period])


def month(rng: random.Random, period: str) -> Snapshot:
    """A register of a month: people come, go, are refused, and are listed by two households now and then."""
    households: list[Row] = []
    for key in range(1, HOUSEHOLDS + 1):
        status = (rng.random() < 0.9, rng.choice("335"), rng.choice((None, "1", "2")), rng.random() < 0.2)
        code = rng.choice((None, None, "13", "14", "15", "16", "17", "23"))
        said = (code, code and rng.choice((period, "2025-10")), rng.choice((None, period, "2025-10")))
        if rng.random() > 0.1:
            households.append((key, *status, rng.choice("aab"), *said))
    members: dict[tuple[int, int], Row] = {}
    for person in range(1, PERSONS + 1):
        home = 1 + (person + (rng.random() < 0.15)) % HOUSEHOLDS
        before = 1 + (person + rng.randrange(2)) % HOUSEHOLDS
        code = rng.choice((None, None, None, "11", "12", "13"))
        relation = "02" if person <= HOUSEHOLDS and rng.random() < 0.8 else "20"
        if rng.random() > 0.1:
            members[home, person] = (home, person, True, relation, code, period)
        if before != home and rng.random() < 0.4:
            gone = rng.choice(("21", "22", "23", "24", None))
            members[before, person] = (before, person, gone is None, "20", gone, rng.choice((period, "2025-10")))
    accounts = [("s", "x", row, f"A{row % 7}", rng.choice((None, "H")), None) for row in range(9) if rng.random() > 0.2]
    return {
        "fct_register_household": households,
        "fct_register_member": list(members.values()),
        "stg_power__connection": accounts,
        "int_link__connection": [(*row[:3], rng.choice((1, 1, 2, None))) for row in accounts],
    }


def steps(rng: random.Random, final: Mapping[str, Snapshot]) -> Sequence[tuple[str, Snapshot]]:
    """Every month in any order; some first with other rows, corrected later; some sent twice."""
    found = [(period, final[period]) for period in rng.sample(list(final), len(final))]
    again = [(period, final[period]) for period in final if rng.random() < 0.2]
    for period in final:
        if rng.random() < 0.3:
            found.insert(rng.randrange(1 + found.index((period, final[period]))), (period, month(rng, period)))
    return found + again


def rows_of(connection: psycopg.Connection, query: str) -> list[str]:
    return sorted(str(row) for row in connection.execute(query.encode()).fetchall())


def of_the_month(connection: psycopg.Connection, fact: str, period: str) -> list[str]:
    connection.execute(f"drop table if exists {fact}".encode())
    connection.execute(f"create table {fact} as {rendered(fact, period)}".encode())
    said = f"'H' || household_key, 'H' || other_household_key, period, {FACTS[fact][1]}"
    return rows_of(connection, f"select {said} from {fact}")


def of_all_months(connection: psycopg.Connection) -> dict[str, list[str]]:
    found = {name: rows_of(connection, f"select * from {name}") for name in HISTORIES}
    for fact, (view, said) in FACTS.items():
        query = f"select * from ({rendered(view, MONTHS[-1])}) as v"
        columns = f"household_no, other_household_no, period, {said}"
        found[fact] = rows_of(connection, query.replace("*", columns, 1))
        connection.execute(f"drop table if exists {fact}".encode())
        connection.execute(
            f"create table {fact} as select replace(household_no, 'H', '')::bigint as household_key,"
            f" replace(other_household_no, 'H', '')::bigint as other_household_key, county_code, period, {said}"
            f" from ({query}) as v".encode()
        )
    return found


@pytest.fixture
def register(warehouse: Settings) -> Iterator[psycopg.Connection]:
    with connect(Role.OWNER) as connection:
        connection.execute(TABLES.encode())
        yield connection
        connection.rollback()


def test_twelve_months_in_twenty_orders_give_one_history_and_the_same_events(register: psycopg.Connection) -> None:
    rng = random.Random(20261123)  # noqa: S311 - invented data
    final = {period: month(rng, period) for period in MONTHS}
    written: dict[str, list[str]] = {fact: [] for fact in FACTS}
    register.execute(f"truncate {', '.join(HISTORIES)}".encode())
    for period in MONTHS:
        close(register, period, final[period])
        for fact in FACTS:
            written[fact] += of_the_month(register, fact, period)
    wanted = of_all_months(register)
    assert {fact: wanted[fact] for fact in FACTS} == {fact: sorted(rows) for fact, rows in written.items()}
    assert min(map(len, wanted.values())) > len(MONTHS)
    for _ in range(ORDERS):
        register.execute(f"truncate publication, {', '.join(HISTORIES)}".encode())
        for period, snapshot in steps(rng, final):
            close(register, period, snapshot)
        assert of_all_months(register) == wanted
