-- Who looked at what, and what protects those who are looked at.

-- Salt of the keys in the de-identified tables; only the builder reads it, and it never changes.
create table if not exists reference.analysis_salt (
    is_only boolean primary key default true check (is_only),
    salt text not null
);
insert into reference.analysis_salt (salt)
values (gen_random_uuid()::text || gen_random_uuid()::text)
on conflict do nothing;
