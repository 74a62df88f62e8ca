-- What came, when and from whom, and what became of it.

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
-- The claim's holder, as host:pid:code, which fences it off from another one, and when it was last heard of. The lock of
-- the feed and month says whether it lives.
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
-- The submission whose archived bytes were judged anew by the contract and rules of a later day; nobody sent them again.
alter table ops.submission add column if not exists rejudged_of text references ops.submission (submission_id);
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
drop index if exists ops.submission_once_a_kind;
create unique index if not exists submission_once_a_judgement on ops.submission (
    county_code, coalesce(department, ''), coalesce(feed, ''), coalesce(period, ''), sha256, is_test,
    coalesce(rejudged_of, '')
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

-- Accepted submissions that were judged anew: by whom and why, by what, with what outcome. Written for each that was asked
-- for; made_submission_id is empty where the one before stays.
create table if not exists ops.rejudgement (
    rejudgement_id bigint generated always as identity primary key,
    submission_id text not null references ops.submission (submission_id),
    made_submission_id text references ops.submission (submission_id),
    contract_version text,
    reader_version text not null,
    state text not null,
    reason_rule_id text,
    rows_accepted integer not null,
    rows_rejected integer not null,
    judged_by text not null check (judged_by ~ '[^[:space:]]'),
    reason text not null check (reason ~ '[^[:space:]]'),
    judged_at timestamptz not null default now()
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
