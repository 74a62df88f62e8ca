-- Columns that change from one file to the next.

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
