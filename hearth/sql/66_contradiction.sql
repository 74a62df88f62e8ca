-- Somebody answers for leaving a contradiction as it is, until a month: both sides are right, or it cannot be mended.
create table if not exists ops.contradiction_waiver (
    waiver_id bigint generated always as identity primary key,
    county_code text not null,
    rule_id text not null check (rule_id ~ '^XD-[0-9]{2}$'),
    subject_kind text not null,
    -- As the ledger names the subject (marts.fct_contradiction).
    subject_no text not null,
    from_period text not null check (from_period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    until_period text not null check (until_period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$' and until_period >= from_period),
    reason text not null check (reason ~ '[^[:space:]]'),
    given_by text not null check (given_by ~ '[^[:space:]]'),
    given_at timestamptz not null default now()
);
comment on table ops.contradiction_waiver is '矛盾豁免 | who answers for leaving which contradiction open, why, until when';
create table if not exists ops.contradiction_waiver_withdrawal (
    waiver_id bigint primary key references ops.contradiction_waiver (waiver_id),
    -- The first month without it.
    from_period text not null check (from_period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    withdrawn_by text not null check (withdrawn_by ~ '[^[:space:]]'),
    reason text not null check (reason ~ '[^[:space:]]'),
    withdrawn_at timestamptz not null default now()
);
comment on table ops.contradiction_waiver_withdrawal is '矛盾豁免撤回 | a waiver that no longer holds, and from when';
create or replace trigger contradiction_waiver_is_written_once before update or delete on ops.contradiction_waiver
for each statement execute function ops.refuse_change();
create or replace trigger withdrawal_is_written_once before update or delete on ops.contradiction_waiver_withdrawal
for each statement execute function ops.refuse_change();
grant insert on ops.contradiction_waiver, ops.contradiction_waiver_withdrawal to hearth_publisher;
