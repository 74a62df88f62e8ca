-- Keys, ciphertexts, and the log of who opened them.

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
