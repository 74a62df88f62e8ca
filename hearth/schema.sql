-- The schemas in which the rooms meet, and the ledger tables of `ops`.
-- Applied by `hearth migrate`, idempotent: every statement may run again on a live warehouse.
-- Tables of `raw` and `reference` are made from the contracts by ingestion; those of `staging`, `identity` and
-- `candidate` by dbt; those of `marts` by the switch.

create schema if not exists raw;
create schema if not exists vault;
create schema if not exists quarantine;
create schema if not exists ops;
create schema if not exists reference;
create schema if not exists staging;
create schema if not exists identity;
create schema if not exists candidate;
create schema if not exists marts;
create schema if not exists previous;
create schema if not exists shared;

-- ---------------------------------------------------------------- ledger of submissions
create table if not exists ops.submission (
    submission_id text primary key,
    county_code text not null,
    department text,
    feed text,
    period text check (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    file_name text not null,
    inbox_key text not null,
    archive_key text,
    sha256 text not null,
    byte_count bigint not null,
    state text not null,
    contract_version text,
    rows_received integer not null default 0,
    rows_accepted integer not null default 0,
    rows_rejected integer not null default 0,
    rows_excluded integer not null default 0,
    warning_count integer not null default 0,
    -- Why the whole file was refused, as the sender reads it; no personal data.
    reason_rule_id text,
    reason_message text,
    reason_fix text,
    -- What is said of the file as a whole without refusing it: [{rule_id, severity, message, fix}].
    notes jsonb not null default '[]',
    received_at timestamptz not null default now(),
    due_at timestamptz,
    verdict_at timestamptz,
    superseded_by text references ops.submission (submission_id),
    receipt_key text,
    -- The department declared that there is nothing to report (F-09): accepted without a row.
    is_nil_return boolean not null default false,
    constraint submission_rows_balance check (rows_received = rows_accepted + rows_rejected)
);
alter table ops.submission add column if not exists is_nil_return boolean not null default false;
-- A trial run of the sender: judged and answered like any other, never loaded, never counted.
alter table ops.submission add column if not exists is_test boolean not null default false;
-- The how manyth of its feed and month, from 1 without gaps; none for a trial run.
alter table ops.submission add column if not exists version integer;
-- Of a return workbook that was mended and sent back: the submission onto whose rows it was merged.
alter table ops.submission add column if not exists parent_submission_id text references ops.submission (submission_id);
-- Fingerprint of the code that reads and checks; refused bytes are judged anew by another one.
alter table ops.submission add column if not exists reader_version text;
-- The process that holds the claim, as host:pid, and since when. The lock of the feed and month says whether it lives.
alter table ops.submission add column if not exists claimed_by text;
alter table ops.submission add column if not exists claimed_at timestamptz;
-- The words of ingestion.submission.State; a test holds the two together.
alter table ops.submission drop constraint if exists submission_state_check;
alter table ops.submission add constraint submission_state_check check (
    state in (
        'claimed', 'accepted', 'partially_accepted', 'rejected', 'superseded',
        'awaiting_confirmation', 'awaiting_reopening', 'test_passed', 'test_failed'
    )
);
alter table ops.submission drop constraint if exists submission_test_check;
alter table ops.submission add constraint submission_test_check check (
    case when is_test then state in ('claimed', 'test_passed', 'test_failed') and version is null
    else state not in ('test_passed', 'test_failed') end
);
update ops.submission as submission
set version = numbered.version
from (
    select
        submission_id,
        row_number() over (
            partition by county_code, department, feed, period order by received_at, submission_id
        ) as version
    from ops.submission
    where not is_test
) as numbered
where numbered.submission_id = submission.submission_id and not exists (
    select from ops.submission as entered where entered.version is not null
);
drop index if exists ops.submission_once;
create unique index if not exists submission_once_a_kind on ops.submission (
    county_code, coalesce(department, ''), coalesce(feed, ''), coalesce(period, ''), sha256, is_test
);
create unique index if not exists submission_version on ops.submission (
    county_code, coalesce(department, ''), coalesce(feed, ''), coalesce(period, ''), version
);
create index if not exists submission_sha256 on ops.submission (sha256);
create unique index if not exists submission_one_live on ops.submission (county_code, department, feed, period)
where state in ('accepted', 'partially_accepted');

comment on table ops.submission is '报送台账 | one row per file received; state says what became of it';

-- When the first usable file of a feed and month came. Only ever inserted: a correction cannot make a month late.
create table if not exists ops.first_arrival (
    county_code text not null,
    department text not null,
    feed text not null,
    period text not null,
    received_at timestamptz not null,
    submission_id text not null references ops.submission (submission_id),
    primary key (county_code, department, feed, period)
);
insert into ops.first_arrival (county_code, department, feed, period, received_at, submission_id)
select distinct on (county_code, department, feed, period)
    county_code, department, feed, period, received_at, submission_id
from ops.submission
where state in ('accepted', 'partially_accepted', 'superseded') and feed is not null and period is not null
order by county_code, department, feed, period, received_at
on conflict do nothing;

-- Rows of the parent's file for which a mended workbook speaks: mended (read from the workbook) or withdrawn (deleted
-- from it: refused as before, and no longer compared with other rows).
create table if not exists ops.mended_row (
    submission_id text not null references ops.submission (submission_id),
    source_sheet text not null,
    source_row integer not null,
    action text not null check (action in ('mended', 'withdrawn')),
    primary key (submission_id, source_sheet, source_row)
);

-- Who answers for what a rule held back, and why.
create table if not exists ops.confirmation (
    confirmation_id bigint generated always as identity primary key,
    submission_id text not null references ops.submission (submission_id),
    rule_id text not null,
    confirmed_by text not null check (confirmed_by ~ '[^[:space:]]'),
    reason text not null check (reason ~ '[^[:space:]]'),
    confirmed_at timestamptz not null default now()
);

-- Exceptions to the close of a month (F-13): who, why, until when. No department: all; no feed: all of the department.
create table if not exists ops.reopening (
    reopening_id bigint generated always as identity primary key,
    county_code text not null,
    period text not null check (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    department text,
    feed text check (feed is null or department is not null),
    reason text not null check (reason ~ '[^[:space:]]'),
    opened_by text not null check (opened_by ~ '[^[:space:]]'),
    opened_at timestamptz not null default now(),
    open_until timestamptz not null check (open_until > opened_at)
);

-- What each rule said of each submission; counts only, no values.
create table if not exists ops.rule_result (
    submission_id text not null references ops.submission (submission_id),
    rule_id text not null,
    stage text not null,
    severity text not null,
    passed integer not null,
    failed integer not null,
    not_judged integer not null,
    not_applicable integer not null,
    primary key (submission_id, rule_id)
);

-- Every row a rule found fault with (errors and warnings), by address; no values.
create table if not exists ops.row_finding (
    submission_id text not null references ops.submission (submission_id),
    source_sheet text not null,
    source_row integer not null,
    rule_id text not null,
    severity text not null,
    column_name text not null default '',
    primary key (submission_id, source_sheet, source_row, rule_id, column_name)
);

-- Rejected rows with their original text; cells of direct personal data are ciphertext.
create table if not exists quarantine.row (
    submission_id text not null references ops.submission (submission_id),
    source_sheet text not null,
    source_row integer not null,
    original jsonb not null,
    reasons jsonb not null,
    primary key (submission_id, source_sheet, source_row)
);

-- ---------------------------------------------------------------- schema drift
-- The columns of each accepted file, from left to right; column_name is null where the contract does not know one.
create table if not exists ops.submission_heading (
    submission_id text not null references ops.submission (submission_id),
    position integer not null,
    header text not null,
    column_name text,
    primary key (submission_id, position)
);
comment on table ops.submission_heading is '表头台账 | columns of each accepted file, in its own order';

-- What has changed about the columns of a feed, with who is to look at it. Headers only, never a cell.
create table if not exists ops.schema_issue (
    issue_id bigint generated always as identity primary key,
    county_code text not null,
    department text not null,
    feed text not null,
    kind text not null check (
        kind in (
            'unknown_column', 'near_miss', 'missing_optional', 'renamed_header', 'order_changed', 'new_version'
        )
    ),
    column_name text not null default '',
    header text not null default '',
    suggestion text not null default '',
    owner text not null,
    state text not null default 'open' check (state in ('open', 'settled')),
    first_seen timestamptz not null default now(),
    last_seen timestamptz not null default now(),
    first_submission_id text not null references ops.submission (submission_id),
    last_submission_id text not null references ops.submission (submission_id),
    seen_count integer not null default 1,
    -- evidence: a later accepted file does not show it any more. person: it stays settled when it is seen again.
    settled_by text check (settled_by in ('evidence', 'person')),
    settled_at timestamptz,
    settled_note text,
    unique (county_code, department, feed, kind, column_name, header)
);
comment on table ops.schema_issue is '表结构变化 | changes of the columns of a feed, each with its owner';

-- Cells of columns that the contract does not know, of accepted rows: ciphertext, one portion of a column a row.
create table if not exists quarantine.aside (
    submission_id text not null references ops.submission (submission_id),
    source_sheet text not null,
    header text not null,
    first_row integer not null,
    key_id bigint not null,
    sealed bytea not null,
    primary key (submission_id, source_sheet, header, first_row)
);
comment on table quarantine.aside is '多出的列 | cells of unknown columns, sealed, to be given back';

-- ---------------------------------------------------------------- vault
-- Which version of a key new data is written with (the highest); the keys are files outside the database.
create table if not exists ops.key_version (
    purpose text not null check (purpose in ('token_key', 'wrapping_key')),
    version smallint not null,
    fingerprint text not null,
    in_force_from timestamptz not null default now(),
    retired_at timestamptz,
    primary key (purpose, version)
);
-- Who opened personal data, why and how many values; written by the two functions below and by nothing else.
create table if not exists ops.access_log (
    access_id bigint generated always as identity primary key,
    accessed_at timestamptz not null default clock_timestamp(),
    who text not null check (who ~ '[^[:space:]]'),
    purpose text not null check (purpose ~ '[^[:space:]]'),
    kind text not null,
    entry_count integer not null
);
-- A data key encrypts what one submission brings; it is kept wrapped by a version of the wrapping key.
create table if not exists vault.data_key (
    key_id bigint generated always as identity primary key,
    scope text not null unique,
    wrapping_version smallint not null,
    wrapped bytea not null,
    made_at timestamptz not null default now()
);
create table if not exists vault.entry (
    kind text not null,
    token text not null,
    key_id bigint not null references vault.data_key (key_id),
    ciphertext bytea not null,
    first_submission_id text not null,
    stored_at timestamptz not null default now(),
    primary key (kind, token)
);

-- The only way to a ciphertext of the vault: nobody may select it, and this leaves a line in the log.
create or replace function vault.open_entries(asked_kind text, asked_tokens text[], asked_by text, stated_purpose text)
returns table (
    token text, ciphertext bytea, key_id bigint, scope text, wrapping_version smallint, wrapped bytea
)
language plpgsql security definer set search_path = '' as $body$
declare
    found_count integer;
begin
    return query
        select e.token, e.ciphertext, k.key_id, k.scope, k.wrapping_version, k.wrapped
        from vault.entry as e
        inner join vault.data_key as k on e.key_id = k.key_id
        where e.kind = asked_kind and e.token = any(asked_tokens);
    get diagnostics found_count = row_count;
    insert into ops.access_log (who, purpose, kind, entry_count)
    values (asked_by, stated_purpose, asked_kind, found_count);
end $body$;

-- The same for rejected rows: gives the data keys that open them, and counts the rows.
create or replace function vault.open_row_keys(asked_submission text, asked_by text, stated_purpose text)
returns table (key_id bigint, scope text, wrapping_version smallint, wrapped bytea)
language plpgsql security definer set search_path = '' as $body$
begin
    insert into ops.access_log (who, purpose, kind, entry_count)
    select asked_by, stated_purpose, 'returned_row', count(*)
    from (
        select r.submission_id from quarantine.row as r
        union all
        select a.submission_id from quarantine.aside as a
    ) as sealed
    where sealed.submission_id = asked_submission;
    return query
        select k.key_id, k.scope, k.wrapping_version, k.wrapped
        from vault.data_key as k
        where k.key_id in (
            select (r.original ->> 'key_id')::bigint
            from quarantine.row as r
            where r.submission_id = asked_submission
            union all
            select a.key_id from quarantine.aside as a
            where a.submission_id = asked_submission
        );
end $body$;
revoke all on function vault.open_entries(text, text[], text, text) from public;
revoke all on function vault.open_row_keys(text, text, text) from public;

-- ---------------------------------------------------------------- close: builds, gate, publications
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
