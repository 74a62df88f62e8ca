-- What persons decided about rows and households, and what intake leaves for them to decide on.

-- "This row is of that household" or "is not": kept for good, replayed by every build planned later. Never changed and
-- never deleted; a decision that no longer holds is superseded by another one.
-- A row is known by its ID number, else by its account, else by name and village: what it will have next month, too.
create table if not exists ops.link_decision (
    decision_id bigint generated always as identity primary key,
    county_code text not null,
    feed_id text not null,
    id_number_hash text,
    account_no text,
    person_name_hash text,
    township_name text,
    village_name text,
    household_no text not null,
    verdict text not null check (verdict in ('same', 'not_same', 'withdrawn')),
    decided_by text not null check (decided_by ~ '[^[:space:]]'),
    decided_at timestamptz not null default now(),
    reason text not null check (reason ~ '[^[:space:]]'),
    supersedes bigint unique references ops.link_decision (decision_id),
    constraint link_decision_subject check (
        num_nonnulls(id_number_hash, account_no, person_name_hash) = 1
        and (person_name_hash is null) = (township_name is null)
        and (person_name_hash is null) = (village_name is null)
    ),
    constraint link_decision_withdraws check (verdict <> 'withdrawn' or supersedes is not null)
);
comment on table ops.link_decision is '关联认定 | decisions that a row is or is not of a household; append-only';

-- The newest decision a build knows: made again later, it reads no newer ones.
alter table ops.build add column if not exists last_decision_id bigint not null default 0;

-- Refused rows whose ID number could not be read, beside quarantine.row: whom they may mean, in tokens. candidate_hash are
-- the numbers one slip away; the vault holds them, too, so that a new token key carries them.
create table if not exists quarantine.near_number (
    submission_id text not null references ops.submission (submission_id),
    source_sheet text not null,
    source_row integer not null,
    rule_id text not null,
    sent_hash text,
    candidate_hash text[] not null,
    person_name_hash text,
    township_name text,
    village_name text,
    primary key (submission_id, source_sheet, source_row)
);
comment on table quarantine.near_number is '疑似号码 | refused rows whose ID number could not be read, and whom they may mean';
