-- The gate's verdict: waivers, failing rows, the blast radius, and the history of every check.

-- The words of expectations.suite.Severity.
update ops.gate_result set severity = 'block' where severity = 'gate';
update ops.gate_result set severity = 'warn' where severity = 'warning';
alter table ops.gate_result add column if not exists waiver_id bigint;
-- What the suites, the rule catalogue and the contracts said when the verdict was given (hearth.rulebook).
alter table ops.gate_decision add column if not exists rules_digest text;
alter table ops.gate_decision add column if not exists waived integer not null default 0;
-- Failures that a waiver could let through; a blocked build with nothing else in its way can be waived.
alter table ops.gate_decision add column if not exists waivable integer not null default 0;
-- Where the report lies in the bucket.
alter table ops.gate_decision add column if not exists report_key text;

-- Somebody answers for letting a failure through, until a day. Never changed: a waiver ends by its date, or by a
-- withdrawal beside it.
create table if not exists ops.waiver (
    waiver_id bigint generated always as identity primary key,
    county_code text not null,
    rule_id text not null check (rule_id ~ '^[PT]-[0-9]{2}$'),
    -- Glob over suite.check, as the verdict names them: rollup.*, volume.volume_near_history[fct_dibao]
    scope text not null default '*' check (scope <> ''),
    -- The month it is for; null: every month until it expires.
    period text check (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    reason text not null check (reason ~ '[^[:space:]]'),
    given_by text not null check (given_by ~ '[^[:space:]]'),
    given_at timestamptz not null default now(),
    valid_until timestamptz not null check (valid_until > given_at)
);
comment on table ops.waiver is '豁免 | who answers for letting which failure through, why and until when';
create table if not exists ops.waiver_withdrawal (
    waiver_id bigint primary key references ops.waiver (waiver_id),
    withdrawn_by text not null check (withdrawn_by ~ '[^[:space:]]'),
    reason text not null check (reason ~ '[^[:space:]]'),
    withdrawn_at timestamptz not null default now()
);

-- Every row of every check that failed, as keys and counts (suites select nothing personal).
create table if not exists ops.gate_failing_row (
    build_id bigint not null references ops.build (build_id),
    suite text not null,
    expectation text not null,
    row_number bigint not null,
    failing jsonb not null,
    primary key (build_id, suite, expectation, row_number)
);

-- What readers would see change, against the publication that was live when the gate looked.
create table if not exists ops.blast_radius (
    build_id bigint primary key references ops.build (build_id),
    -- Null: nothing is published yet.
    against_publication_id bigint,
    against_period text,
    households_before integer not null,
    households_after integer not null,
    households_added integer not null,
    households_removed integer not null,
    households_changed integer not null,
    indicators_changed integer not null,
    thresholds_crossed integer not null,
    ranks_moved integer not null,
    computed_at timestamptz not null default now()
);
create table if not exists ops.blast_change (
    build_id bigint not null references ops.build (build_id),
    -- state: households by guarantee and transition; indicator: a figure of an area; threshold: it passed a mark;
    -- rank: the place of a township among the others of its county
    kind text not null check (kind in ('state', 'indicator', 'threshold', 'rank')),
    region_code text not null default '',
    guarantee text not null,
    measure text not null,
    before text,
    after text,
    households integer,
    primary key (build_id, kind, region_code, guarantee, measure)
);
create table if not exists ops.blast_household (
    build_id bigint not null references ops.build (build_id),
    household_key bigint not null,
    change text not null check (change in ('added', 'removed', 'changed')),
    -- {guarantee: [before, after]} of the states that differ
    states jsonb not null default '{}',
    primary key (build_id, household_key)
);

grant insert, delete on ops.gate_failing_row, ops.blast_radius, ops.blast_change, ops.blast_household
to hearth_builder;
grant insert on ops.waiver, ops.waiver_withdrawal to hearth_publisher;

-- One line a check and month: what the newest judgement of the month said, beside the month before it.
create or replace view ops.gate_history as
with judged as (
    select distinct on (b.county_code, b.period, r.suite, r.expectation)
        b.county_code,
        b.period,
        r.rule_id,
        r.suite,
        r.expectation,
        r.severity,
        r.success,
        r.waiver_id,
        coalesce(r.failing_count, 0) as failing_count,
        r.build_id,
        r.ran_at
    from ops.gate_result as r
    inner join ops.build as b on r.build_id = b.build_id
    order by b.county_code, b.period, r.suite, r.expectation, r.build_id desc
),

compared as (
    select
        *,
        lag(success) over months as success_before,
        lag(failing_count) over months as failing_count_before
    from judged
    window months as (partition by county_code, suite, expectation order by period)
)

select
    *,
    case
        when success_before is null then 'new'
        when success and success_before then 'good'
        when success then 'mended'
        when success_before then 'broken'
        when failing_count > failing_count_before then 'worse'
        when failing_count < failing_count_before then 'better'
        else 'same'
    end as trend
from compared;
comment on view ops.gate_history is '检查历史 | one row per check and month: the newest judgement and how it moved';
