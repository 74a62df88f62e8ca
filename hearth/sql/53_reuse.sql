-- What each table of a build was made of, so that closing a month again after one late feed builds what depends on it.

-- A rebuild by hand asks for every table, whatever is known of the ones that are there.
alter table ops.build add column if not exists is_whole boolean not null default false;

-- Of which server and database an oid speaks: a backup brought back has these rows, and other oids.
create or replace function ops.server_mark() returns text
language sql stable set search_path = '' as $body$
    select c.system_identifier || '/' || d.oid
    from pg_catalog.pg_control_system() as c
    cross join pg_catalog.pg_database as d
    where d.datname = current_database()
$body$;

create table if not exists ops.build_table (
    build_id bigint not null references ops.build (build_id),
    table_name text not null,
    -- Null: the state of a source above it cannot be named, so it is never kept.
    inputs_digest text,
    is_kept boolean not null,
    -- Written by the transaction that makes the table; of a kept one, by the one that keeps it.
    relation oid,
    server_mark text,
    made_at timestamptz,
    primary key (build_id, table_name)
);
comment on table ops.build_table is '各表依据 | what each table of a build was made of, and whether it was made or kept';
create index if not exists build_table_relation on ops.build_table (relation) where relation is not null;

-- The table that dbt has just made: what it was made of is known by its oid from now on.
create or replace function ops.table_was_made(made_by bigint, made regclass) returns void
language sql set search_path = '' as $body$
    update ops.build_table as t
    set relation = made, server_mark = ops.server_mark(), made_at = clock_timestamp()
    from pg_catalog.pg_class as c
    where t.build_id = made_by and c.oid = made and t.table_name = c.relname and not t.is_kept
$body$;

-- What a build would publish: its tables in candidate, and the published ones that it keeps, while they are attached.
create or replace function ops.candidate_table(of_build bigint)
returns table (table_name text, relation oid, is_kept boolean)
language sql stable set search_path = '' as $body$
    select c.relname, c.oid, false
    from pg_catalog.pg_class as c
    where c.relnamespace = 'candidate'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    union all
    select t.table_name, t.relation, true
    from ops.build_table as t
    join pg_catalog.pg_inherits as i on t.relation = i.inhrelid
    join pg_catalog.pg_class as parent on i.inhparent = parent.oid and t.table_name = parent.relname
        and parent.relnamespace = 'marts'::regnamespace
    join pg_catalog.pg_class as shown on t.table_name = shown.relname
        and shown.relnamespace = 'candidate'::regnamespace and shown.relkind = 'v'
    where t.build_id = of_build and t.is_kept and t.server_mark = ops.server_mark()
$body$;

revoke all on function ops.server_mark(), ops.table_was_made(bigint, regclass), ops.candidate_table(bigint)
from public;
grant execute on function ops.server_mark(), ops.candidate_table(bigint) to hearth_builder, hearth_publisher;
grant execute on function ops.table_was_made(bigint, regclass) to hearth_builder;
grant insert, update, delete on ops.build_table to hearth_builder;
