"""What a month makes of what earlier months left: evidence that is carried until it is stale (FX-17), and the one row
of a contradiction that ends and comes back (FX-20). Renders the models themselves, without dbt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hearth.database import Role, connect
from hearth.dbt import PROJECT_DIR
from hearth.period import Period
from hearth.settings import Settings
from tests.integration.dbt.rendering import macro_text, render

COUNTY = "520099"
MACROS = ("months", "guarantees", "three_values")
TABLES = f"""
create schema months_test;
set search_path to months_test;
create table int_build_parameter as
select '{COUNTY}'::text as county_code, ''::text as period, 3 as carry_water, 30 as water_cut_days,
    12 as quality_test_months, 1 as xd_gap_months, 12 as reopen_months;
create table int_feed_input as
select ''::text as feed_id, ''::text as submission_id, ''::text as source_period, 0 as age_periods, false as is_carried,
    true as is_received;
create table fct_register_household as
select n::bigint as household_key, '{COUNTY}'::text as county_code, ''::text as period, true as is_active,
    null::boolean as stated_is_water_safe, null::text as surveyed_month from generate_series(1, 2) as n;
-- Household 1 is supplied as it should be; the convenience of household 2 is not up to standard.
create table fct_water_supply as
select n::bigint as household_key, 'h'::text as head_id_number_hash, '1'::text as quantity_rating_code,
    '1'::text as quality_rating_code, (array['1', '3'])[n] as convenience_rating_code,
    '1'::text as reliability_rating_code, (array['1', '3'])[n] as verdict_code, '1'::text as supply_mode_code,
    null::text as scheme_no, date '2024-01-15' as tested_date, 'S1'::text as acceptance_certificate_no,
    date '2023-10-01' as acceptance_date, 0 as cut_days, '2024-06'::text as source_period, 0 as age_periods,
    's'::text as submission_id, 'x'::text as source_sheet, n as source_row from generate_series(1, 2) as n;
create table fct_water_scheme (scheme_no text, tested_date date, quality_result_code text);
create table stg_published__water_supply (
    household_key bigint, head_id_number_hash text, period text, is_carried boolean, cut_days int
);
create table int_xd_result (
    rule_id text, subject_kind text, subject_no text, household_key bigint, person_key bigint, household_no text,
    village_code text, township_code text, result text, statement_a text, statement_b text, at_a text, at_b text
);
create table stg_reference__rule as
select 'XD-37'::text as rule_id, 'XD'::text as family, null::text as not_judged_because,
    'housing'::text as owner_department, 'a.first'::text as feed_a, 'b.second'::text as feed_b;
create table stg_ops__contradiction_waiver (rule_id text, subject_kind text, subject_no text);
"""


def rendered(model: str, period: str) -> str:
    (path,) = (Path(PROJECT_DIR) / "models").rglob(f"{model}.sql")
    return render(
        macro_text(*MACROS) + "\n" + path.read_text(encoding="utf-8"),
        var={"period": period, "county_code": COUNTY}.__getitem__,
        ref=str,
        config=lambda **_: "",
    )


@pytest.fixture
def tables(warehouse: Settings) -> Iterator[psycopg.Connection]:
    with connect(Role.OWNER) as connection:
        connection.execute(TABLES.encode())
        yield connection
        connection.rollback()


def begin(connection: psycopg.Connection, period: str) -> None:
    connection.execute("update int_build_parameter set period = %s", [period])


def test_fx_17_what_was_accepted_carries_for_three_months_and_what_is_unmet_stays(tables: psycopg.Connection) -> None:
    said: dict[str, list[tuple[Any, ...]]] = {}
    for age, period in enumerate(str(Period(2024, 6).shift(step)) for step in range(5)):
        begin(tables, period)
        tables.execute("update fct_register_household set period = %s", [period])
        tables.execute("update fct_water_supply set age_periods = %s", [age])
        tables.execute(
            "update int_feed_input set feed_id = 'water.supply', source_period = '2024-06', age_periods = %s,"
            " is_carried = %s",
            [age, age > 0],
        )
        query = (
            "select state, reason, source_period, age_periods, is_carried"
            f" from ({rendered('int_guarantee__water', period)}) as v order by household_key"
        )
        said[period] = tables.execute(query.encode()).fetchall()
    unmet = ("unmet", "below_standard", "2024-06")
    assert said == {
        "2024-06": [("met", "accepted", "2024-06", 0, False), (*unmet, 0, False)],
        "2024-07": [("met", "accepted", "2024-06", 1, True), (*unmet, 1, True)],
        "2024-08": [("met", "accepted", "2024-06", 2, True), (*unmet, 2, True)],
        "2024-09": [("met", "accepted", "2024-06", 3, True), (*unmet, 3, True)],
        "2024-10": [("unknown", "stale", "2024-06", 4, True), (*unmet, 4, True)],
    }


def test_fx_20_a_contradiction_is_one_row_for_life(tables: psycopg.Connection) -> None:
    """Fails in 1 and 3, a file is missing in 2 and 5, both agree in 4, fails again in 6; each month is built twice."""
    results = {1: "fail", 2: "null", 3: "fail", 4: "pass", 5: "null", 6: "fail"}
    tables.execute("delete from int_feed_input")
    tables.execute(
        "insert into int_feed_input select feed_id, 's', '', 0, false, true"
        " from (values ('a.first'), ('b.second')) as v (feed_id)"
    )
    # As before the first publication: the ledger is there and empty.
    tables.execute(
        "create table stg_published__contradiction (county_code text, period text, rule_id text, subject_kind text,"
        " subject_no text, household_key bigint, person_key bigint, household_no text, village_code text,"
        " township_code text, owner_department text, department_a text, department_b text, feed_a text, feed_b text,"
        " statement_a text, statement_b text, a_submission_id text, a_source_sheet text, a_source_row int,"
        " b_submission_id text, b_source_sheet text, b_source_row int, result text, state text, opened_period text,"
        " last_failed_period text, closed_period text, close_reason text, age_periods int, times_opened int)"
    )
    life: dict[int, list[tuple[Any, ...]]] = {}
    for month, result in results.items():
        period = f"2024-{month:02d}"
        begin(tables, period)
        tables.execute("truncate int_xd_result")
        tables.execute(
            "insert into int_xd_result"
            " (rule_id, subject_kind, subject_no, result, statement_a, statement_b, at_a, at_b)"
            " values ('XD-37', 'household', 'H1', %s, 'one', 'other', 'a.first:x:1', 'b.second:x:2')",
            [result],
        )
        model = rendered("fct_contradiction", period)
        for _ in range(2):
            tables.execute("drop table if exists ledger")
            tables.execute(f"create table ledger as {model}".encode())
        query = "select state, opened_period, last_failed_period, closed_period, times_opened from ledger"
        life[month] = tables.execute(query.encode()).fetchall()
        tables.execute("drop table stg_published__contradiction")
        tables.execute("alter table ledger rename to stg_published__contradiction")
    assert life == {
        1: [("open", "2024-01", "2024-01", None, 1)],
        2: [("open", "2024-01", "2024-01", None, 1)],
        3: [("open", "2024-01", "2024-03", None, 1)],
        4: [("closed", "2024-01", "2024-03", "2024-04", 1)],
        5: [("closed", "2024-01", "2024-03", "2024-04", 1)],
        6: [("open", "2024-01", "2024-06", None, 2)],
    }
