-- The close of a month: builds, the gate, publications.

create table if not exists ops.build (
    build_id bigint generated always as identity primary key,
    county_code text not null,
    period text not null check (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    state text not null default 'planned' check (
        state in ('planned', 'built', 'failed', 'blocked', 'passed', 'published')
    ),
    code_version text not null,
    planned_at timestamptz not null default now(),
    finished_at timestamptz
);
-- The accepted submissions a build reads; the pin that makes it repeatable. No row: the feed has never been received.
create table if not exists ops.build_input (
    build_id bigint not null references ops.build (build_id),
    department text not null,
    feed text not null,
    submission_id text not null references ops.submission (submission_id),
    source_period text not null,
    is_carried boolean not null,
    age_periods integer not null check (age_periods >= 0),
    primary key (build_id, department, feed)
);
create table if not exists ops.build_result (
    build_id bigint not null references ops.build (build_id),
    layer text not null,
    node_id text not null,
    status text not null,
    seconds double precision not null,
    failures integer,
    message text,
    primary key (build_id, node_id)
);
create table if not exists ops.gate_result (
    build_id bigint not null references ops.build (build_id),
    suite text not null,
    rule_id text not null,
    expectation text not null,
    severity text not null,
    success boolean not null,
    failing_count bigint,
    observed jsonb,
    message text,
    ran_at timestamptz not null default now(),
    primary key (build_id, suite, rule_id, expectation)
);
create table if not exists ops.gate_decision (
    build_id bigint primary key references ops.build (build_id),
    verdict text not null check (verdict in ('pass', 'block')),
    expectations_run integer not null,
    failures integer not null,
    reason text not null,
    decided_at timestamptz not null default now()
);
create table if not exists ops.publication (
    publication_id bigint generated always as identity primary key,
    build_id bigint not null references ops.build (build_id),
    county_code text not null,
    period text not null,
    state text not null default 'live' check (state in ('live', 'replaced', 'rolled_back')),
    replaces bigint references ops.publication (publication_id),
    household_count integer not null,
    published_at timestamptz not null default now(),
    ended_at timestamptz
);
create unique index if not exists publication_one_live on ops.publication (county_code, period) where state = 'live';
create table if not exists ops.publication_table (
    publication_id bigint not null references ops.publication (publication_id),
    table_name text not null,
    partition_name text not null,
    row_count bigint not null,
    primary key (publication_id, table_name)
);

-- Which state of the dbt project the shared views were made from.
create table if not exists ops.deployment (
    deployment_id bigint generated always as identity primary key,
    fingerprint text not null,
    deployed_at timestamptz not null default now()
);
