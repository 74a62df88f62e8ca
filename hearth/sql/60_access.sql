-- Who looked at what, what protects those who are looked at, and what was deleted when its time was over.

-- Salt of the keys in the de-identified tables; only the builder reads it, and it never changes.
create table if not exists reference.analysis_salt (
    is_only boolean primary key default true check (is_only),
    salt text not null
);
comment on table reference.analysis_salt is '分析盐值 | salt of the keys in de-identified tables, one row';
insert into reference.analysis_salt (salt)
values (gen_random_uuid()::text || gen_random_uuid()::text)
on conflict do nothing;

-- A look at a named household: the LOGIN role is the server's own word, the person and the purpose are the asker's.
alter table ops.access_log add column if not exists county_code text;
alter table ops.access_log add column if not exists household_no text;
alter table ops.access_log add column if not exists database_user text;
create index if not exists access_log_household on ops.access_log (county_code, household_no)
where household_no is not null;
comment on table ops.access_log is '查阅记录 | who looked at personal data, why, and how much';

-- Proof of deletion: what, under which contract and rule, how much, with a sum over what was deleted.
create table if not exists ops.deletion (
    deletion_id bigint generated always as identity primary key,
    county_code text not null,
    department text not null,
    feed text not null,
    submission_id text not null,
    period text not null,
    place text not null,
    keep_months integer not null check (keep_months > 0),
    deleted_rows bigint not null,
    checksum text not null,
    deleted_by text not null default session_user,
    deleted_at timestamptz not null default now()
);
alter table ops.deletion add column if not exists ground text not null default '';
comment on column ops.deletion.ground is
'依据 | on what ground the rows were kept no longer, in the words of the contract of that day';
comment on table ops.deletion is '删除证明 | what was deleted when its time was over; never the data itself';
create or replace function ops.refuse_change() returns trigger language plpgsql set search_path = '' as $body$
begin
    raise exception 'table [%] is written once; its rows are neither changed nor deleted', tg_table_name;
end $body$;
create or replace trigger deletion_is_written_once before update or delete on ops.deletion
for each statement execute function ops.refuse_change();
create or replace trigger access_log_is_written_once before update or delete on ops.access_log
for each statement execute function ops.refuse_change();

-- The way to a household by its number. It answers with the months and rows that the LOGIN role behind the connection
-- may see, and logs who asked and why before it answers, also where there is nothing to see.
create or replace function ops.look_at_household(
    asked_county text, asked_household_no text, asked_by text, stated_purpose text
) returns table (period text, household jsonb)
language plpgsql security definer set search_path = '' as $body$
declare
    found_count integer;
begin
    return query
        select v.period, to_jsonb(v)
        from shared.v_two_no_worries_three_guarantees as v
        where v.county_code = asked_county and v.household_no = asked_household_no and exists (
            select from pg_catalog.pg_roles as r
            where
                r.rolname in ('rows_county', 'rows_' || v.township_code, 'rows_' || v.village_code)
                and pg_catalog.pg_has_role(session_user, r.oid, 'member')
        )
        order by v.period;
    get diagnostics found_count = row_count;
    insert into ops.access_log (who, purpose, kind, entry_count, county_code, household_no, database_user)
    values (asked_by, stated_purpose, 'household', found_count, asked_county, asked_household_no, session_user);
end $body$;
comment on function ops.look_at_household(text, text, text, text) is '按户查阅 | one household by its number, logged';
revoke all on function ops.look_at_household(text, text, text, text) from public;
