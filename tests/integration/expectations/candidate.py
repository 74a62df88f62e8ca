"""A small good candidate of a county month, made by SQL as dbt would leave it, with its ledger rows.

Four villages in two townships, ``HOUSEHOLDS`` households; every table carries ``stamp``, one constant a publication.
"""

from __future__ import annotations

from psycopg import sql

from hearth.database import Role, connect

COUNTY = "530524"
PERIOD = "2026-10"
HOUSEHOLDS = 24
TABLES = 21
GUARANTEES = ("food", "clothing", "education", "medical", "housing", "water", "power")
FEEDS = (("demo", "household"), ("demo", "member"))

_TABLES = """
create table candidate.dim_region as
select region_code, '{county}'::text as county_code, '某地'::text as name, level_code, parent_code, {stamp} as stamp
from (values
    ('530524000000', 'county', '530500000000'),
    ('530524100000', 'township', '530524000000'), ('530524101000', 'township', '530524000000'),
    ('530524100201', 'village', '530524100000'), ('530524100202', 'village', '530524100000'),
    ('530524101201', 'village', '530524101000'), ('530524101202', 'village', '530524101000')
) as region (region_code, level_code, parent_code);

create table candidate.dim_month as
select '{period}'::text as period, '{county}'::text as county_code, {stamp} as stamp;

create table candidate.fct_household_month as
select
    (7000 + n)::bigint as household_key, '{county}'::text as county_code, '{period}'::text as period,
    '530524000000' || lpad(n::text, greatest(4, length(n::text)), '0') as household_no,
    (array['530524100201', '530524100202', '530524101201', '530524101202'])[n % 4 + 1] as village_code,
    (array['530524100000', '530524100000', '530524101000', '530524101000'])[n % 4 + 1] as township_code,
    3 as member_count, '01'::text as register_class_code, '02'::text as poverty_status_code,
    null::text as monitor_class_code,
    {states},
    case when n % 5 = 0 then 'unmet' when n % 3 = 0 then 'unknown' else 'met' end as five_state,
    case when n % 5 = 0 then 'unmet' when n % 3 = 0 then 'unknown' else 'met' end as seven_state,
    'unknown'::text as on_dibao, repeat('ab', 32) as head_id_number_hash, {stamp} as stamp
from generate_series(1, {households}) as n;
comment on table candidate.fct_household_month is '户月核心视图 | one row per active household';
comment on column candidate.fct_household_month.household_no is '户编号 | household number';

create table candidate.dim_household as
select household_key, county_code, household_no, {stamp} as stamp from candidate.fct_household_month;
create table candidate.dim_person as
select household_key * 10 as person_key, county_code, household_key, {stamp} as stamp from candidate.dim_household;
create table candidate.fct_register_household as
select household_key, county_code, period, household_no, village_code, township_code, true as is_active,
    case when household_key % 4 = 0 then '1' else '3' end as poverty_status_code, null::text as change_code,
    null::text as change_month, 9000.0 as net_income_per_capita_yuan, 2025 as income_year, {stamp} as stamp
from candidate.fct_household_month;
create table candidate.fct_register_member as
select household_key, county_code, period, household_key * 10 as person_key, true as is_active,
    '1'::text as sex_code, '1980-05-01'::date as birth_date, null::text as member_change_code,
    null::text as member_change_month, {stamp} as stamp
from candidate.fct_household_month;
create table candidate.fct_dibao as
select household_key, county_code, period, 1 as covered_count, null::text as stopped_month, {stamp} as stamp
from candidate.fct_household_month order by household_key limit 3;
create table candidate.fct_house_assessment as
select household_key, county_code, period, 'A'::text as house_grade_code, {stamp} as stamp
from candidate.fct_household_month;
create table candidate.fct_house_renovation as
select household_key, county_code, period, '2026-10-01 08:00'::timestamp as started_at, {stamp} as stamp
from candidate.fct_household_month limit 1;
create table candidate.fct_water_supply as
select household_key, county_code, period, '1'::text as verdict_code, '2026-03-01'::date as tested_date,
    '2025-10-01'::date as acceptance_date, {stamp} as stamp
from candidate.fct_household_month;

create table candidate.fct_guarantee_region_month as
select total.*,
    (total.met::numeric / total.universe)::numeric(9, 6) as rate_min,
    ((total.met + total.unknown)::numeric / total.universe)::numeric(9, 6) as rate_max,
    false as is_carried, {stamp} as stamp
from (
    select household.county_code, household.period, area.region_code, area.level_code, cell.guarantee,
        count(*)::int as universe,
        count(*) filter (where cell.state = 'met')::int as met,
        count(*) filter (where cell.state = 'unmet')::int as unmet,
        count(*) filter (where cell.state = 'unknown')::int as unknown
    from candidate.fct_household_month as household
    cross join lateral (values {cells}) as cell (guarantee, state)
    cross join lateral (values
        (village_code, 'village'), (township_code, 'township'), (county_code || '000000', 'county')
    ) as area (region_code, level_code)
    group by household.county_code, household.period, area.region_code, area.level_code, cell.guarantee
) as total;

create table candidate.fct_book_month as
select household.county_code, household.period, area.region_code, area.level_code,
    count(*)::int as household_count, count(*)::int as person_count, 0 as poor_household_count,
    0 as dibao_household_count,
    count(*) filter (where household.seven_state = 'met')::int as seven_met_count,
    count(*) filter (where household.seven_state = 'unmet')::int as seven_unmet_count, {stamp} as stamp
from candidate.fct_household_month as household
cross join lateral (values
    (village_code, 'village'), (township_code, 'township'), (county_code || '000000', 'county')
) as area (region_code, level_code)
group by household.county_code, household.period, area.region_code, area.level_code;

create table candidate.dim_indicator as
select 'GUA-08'::text as indicator_code, '{county}'::text as county_code, 'share'::text as unit,
    'ratio'::text as formula_class, 'village;township;county'::text as levels, {stamp} as stamp;
create table candidate.fct_indicator_unit as
select '{county}'::text as county_code, '{period}'::text as period, 'WAT-06'::text as indicator_code,
    1::bigint as unit_key, null::text as village_code, 9::numeric as numerator, 10::numeric as denominator,
    {stamp} as stamp;
create table candidate.fct_indicator_month as
select county_code, period, region_code, level_code, 'GUA-08'::text as indicator_code, ''::text as part,
    met::numeric as numerator, universe::numeric as denominator, unknown::numeric as unknown,
    (met::numeric / universe)::numeric(18, 6) as value, (met::numeric / universe)::numeric(18, 6) as value_min,
    ((met + unknown)::numeric / universe)::numeric(18, 6) as value_max, 'unknown'::text as verdict,
    null::text as reason, {stamp} as stamp
from candidate.fct_guarantee_region_month where guarantee = 'five';

create table candidate.fct_feed_reconciliation as
select county_code, period, feed as feed_id, submission_id, '{period}'::text as source_period, false as is_carried,
    rows_accepted as accepted_rows, rows_accepted as staged_rows, rows_accepted as linked_rows, 0 as unlinked_rows,
    rows_accepted as fact_rows, {households} as universe_households, {households} as reached_households,
    {stamp} as stamp
from ops.submission where period = '{period}';

create table candidate.fct_link_rate as
select county_code, period, feed as feed_id, 'linked'::text as link_status, 'direct'::text as link_path,
    rows_accepted as row_count, rows_accepted as feed_row_count, {households} as household_count, {stamp} as stamp
from ops.submission where period = '{period}';

create table candidate.fct_contradiction as
select county_code, period, 'XD-05'::text as rule_id, 'household'::text as subject_kind, household_no as subject_no,
    household_key, 'closed'::text as state, '{period}'::text as opened_period, 0 as age_periods, {stamp} as stamp
from candidate.fct_household_month order by household_key limit 1;
create table candidate.fct_contradiction_side as
select ledger.county_code, ledger.period, ledger.rule_id, ledger.subject_kind, ledger.subject_no, side.side, side.sees,
    null::text as other_department, null::text as other_statement, {stamp} as stamp
from candidate.fct_contradiction as ledger
join reference.rule as rules on ledger.rule_id = rules.rule_id
cross join lateral (values ('a', rules.sees_a), ('b', rules.sees_b)) as side (side, sees);
create table candidate.fct_signal as
select household_key, county_code, period, 'W-03'::text as signal_id, 'open'::text as state, true as is_firing,
    '{period}'::text as opened_period, {stamp} as stamp
from candidate.fct_household_month order by household_key limit 1;

alter table candidate.dim_region add primary key (region_code, county_code);
alter table candidate.dim_month add primary key (period, county_code);
alter table candidate.dim_household add primary key (household_key, county_code);
alter table candidate.dim_person add primary key (person_key, county_code);
alter table candidate.fct_household_month add primary key (household_key, county_code, period);
alter table candidate.fct_register_household add primary key (household_key, county_code, period);
alter table candidate.fct_register_member add primary key (household_key, county_code, period, person_key);
alter table candidate.fct_dibao add primary key (household_key, county_code, period);
alter table candidate.fct_house_assessment add primary key (household_key, county_code, period);
alter table candidate.fct_house_renovation add primary key (household_key, county_code, period, started_at);
alter table candidate.fct_water_supply add primary key (household_key, county_code, period);
alter table candidate.fct_guarantee_region_month add primary key (county_code, period, region_code, guarantee);
alter table candidate.fct_book_month add primary key (county_code, period, region_code);
alter table candidate.dim_indicator add primary key (indicator_code, county_code);
alter table candidate.fct_indicator_unit add primary key (county_code, period, indicator_code, unit_key);
alter table candidate.fct_indicator_month add primary key (county_code, period, region_code, indicator_code, part);
alter table candidate.fct_feed_reconciliation add primary key (county_code, period, feed_id);
alter table candidate.fct_link_rate add primary key (county_code, period, feed_id, link_status, link_path);
alter table candidate.fct_contradiction add primary key (county_code, period, rule_id, subject_kind, subject_no);
alter table candidate.fct_signal add primary key (household_key, county_code, period, signal_id);
alter table candidate.fct_contradiction_side
    add primary key (county_code, period, rule_id, subject_kind, subject_no, side);
create index dibao_by_household on candidate.fct_dibao (household_key);
"""


def _statements(period: str, stamp: int, households: int) -> str:
    states = ", ".join(
        f"case when n % 5 = 0 then 'unmet' when n % 3 = 0 then 'unknown' else 'met' end as {name}_state, "
        f"'invented'::text as {name}_reason, '{period}'::text as {name}_source_period, false as {name}_is_carried"
        for name in GUARANTEES
    )
    cells = ", ".join(f"('{name}', household.{name}_state)" for name in (*GUARANTEES, "five", "seven"))
    return _TABLES.format(county=COUNTY, period=period, stamp=stamp, states=states, cells=cells, households=households)


def drop_candidate() -> None:
    with connect(Role.BUILDER) as connection:
        for (name,) in connection.execute("select tablename from pg_tables where schemaname = 'candidate'").fetchall():
            connection.execute(sql.SQL("drop table candidate.{}").format(sql.Identifier(name)))


def make_candidate(period: str = PERIOD, stamp: int = 1, households: int = HOUSEHOLDS) -> None:
    """Replace everything in candidate by a good month."""
    drop_candidate()
    with connect(Role.BUILDER) as connection:
        connection.execute(sql.SQL(_statements(period, stamp, households)))


def make_submissions(period: str = PERIOD, households: int = HOUSEHOLDS) -> list[str]:
    """One accepted submission per demo feed with its raw rows; return the submission ids."""
    ids = []
    with connect(Role.OWNER) as connection:
        for department, feed in FEEDS:
            submission_id = f"S-{period}-{feed}"
            ids.append(submission_id)
            raw = sql.Identifier("raw", f"{department}__{feed}")
            connection.execute(
                sql.SQL("create table if not exists {} (submission_id text, source_row int)").format(raw)
            )
            connection.execute(sql.SQL("grant select on {} to hearth_builder").format(raw))
            connection.execute(
                sql.SQL("insert into {} select %s, n from generate_series(1, %s) as n").format(raw),
                [submission_id, households],
            )
            connection.execute(
                "insert into ops.submission (submission_id, county_code, department, feed, period, file_name, "
                "inbox_key, sha256, byte_count, state, rows_received, rows_accepted) "
                "values (%s, %s, %s, %s, %s, 'demo.xlsx', 'inbox/demo.xlsx', %s, 1, 'accepted', %s, %s)",
                [submission_id, COUNTY, department, feed, period, submission_id, households, households],
            )
    return ids


def drop_submissions() -> None:
    with connect(Role.OWNER) as connection:
        for department, feed in FEEDS:
            connection.execute(
                sql.SQL("drop table if exists {}").format(sql.Identifier("raw", f"{department}__{feed}"))
            )


def make_build(period: str = PERIOD, state: str = "built") -> int:
    """A build in ``state`` that reads every submission of ``period``."""
    with connect(Role.OWNER) as connection:
        row = connection.execute(
            "insert into ops.build (county_code, period, state, code_version) values (%s, %s, %s, 'test') "
            "returning build_id",
            [COUNTY, period, state],
        ).fetchone()
        assert row is not None
        connection.execute(
            "insert into ops.build_input select %s, department, feed, submission_id, period, false, 0 "
            "from ops.submission where period = %s",
            [row[0], period],
        )
    return int(row[0])
