-- The ledger of publications: what each was made of, what let it through, what it held. Written once.

alter table ops.publication add column if not exists code_version text;
-- Which state of the dbt project built it.
alter table ops.publication add column if not exists project_digest text;
alter table ops.publication add column if not exists rules_digest text;
-- Sum of a hash of every row: the same rows give the same number in any order.
alter table ops.publication_table add column if not exists checksum text;
-- The same without tokens, which change with their key; and what was summed, for a table may gain columns later.
alter table ops.publication_table add column if not exists lasting_checksum text;
alter table ops.publication_table add column if not exists column_names text [];
-- The token key was replaced, and with it the tokens of what is published: the sums that fit from then on.
create table if not exists ops.publication_rekeyed (
    rekeyed_id bigint generated always as identity primary key,
    publication_id bigint not null references ops.publication (publication_id),
    table_name text not null,
    checksum text not null,
    key_version integer not null,
    rekeyed_by text not null,
    purpose text not null,
    rekeyed_at timestamptz not null default clock_timestamp()
);
comment on table ops.publication_rekeyed is
'换钥后的校验和 | sums of published tables whose tokens were replaced, by whom and when';

create table if not exists ops.publication_input (
    publication_id bigint not null references ops.publication (publication_id),
    department text not null,
    feed text not null,
    submission_id text not null references ops.submission (submission_id),
    source_period text not null,
    is_carried boolean not null,
    sha256 text not null,
    contract_version text,
    reader_version text,
    rows_accepted integer not null,
    primary key (publication_id, department, feed)
);
create table if not exists ops.publication_waiver (
    publication_id bigint not null references ops.publication (publication_id),
    waiver_id bigint not null references ops.waiver (waiver_id),
    suite text not null,
    expectation text not null,
    rule_id text not null,
    failing_count bigint,
    reason text not null,
    given_by text not null,
    valid_until timestamptz not null,
    primary key (publication_id, suite, expectation)
);
-- When which publication was what readers saw; a rollback brings one back without touching what was written before.
create table if not exists ops.publication_event (
    event_id bigint generated always as identity primary key,
    publication_id bigint not null references ops.publication (publication_id),
    event text not null check (event in ('published', 'replaced', 'rolled_back', 'restored')),
    happened_at timestamptz not null default clock_timestamp()
);
insert into ops.publication_event (publication_id, event, happened_at)
select p.publication_id, e.event, e.happened_at
from ops.publication as p
cross join lateral (
    values ('published', p.published_at), (nullif(p.state, 'live'), p.ended_at)
) as e (event, happened_at)
where e.event is not null and e.happened_at is not null and not exists (
    select from ops.publication_event as known where known.publication_id = p.publication_id
)
order by e.happened_at;
-- The frozen copy in the bucket.
create table if not exists ops.publication_pack (
    publication_id bigint primary key references ops.publication (publication_id),
    pack_key text not null,
    manifest_sha256 text not null,
    packed_at timestamptz not null default now()
);
-- Why a figure of a published month is another than before: each household that moved it has one cause.
create table if not exists ops.restatement (
    publication_id bigint not null references ops.publication (publication_id),
    region_code text not null,
    guarantee text not null,
    measure text not null check (measure in ('universe', 'met', 'unmet', 'unknown')),
    before integer not null,
    after integer not null,
    late_file integer not null,
    correction integer not null,
    rule integer not null,
    identity integer not null,
    code integer not null,
    primary key (publication_id, region_code, guarantee, measure),
    constraint parts_add_up check (late_file + correction + rule + identity + code = after - before)
);

-- What was waived stands in the receipts of those it concerns.
grant select on ops.publication_waiver, ops.gate_failing_row, ops.gate_result to hearth_loader;
grant select, insert on ops.publication_input, ops.publication_waiver, ops.publication_event, ops.publication_pack
to hearth_publisher;
grant select, insert on ops.restatement to hearth_publisher;
grant select on ops.publication_rekeyed to hearth_publisher;

-- Nobody rewrites what was published, whatever role he has; a publication itself only changes its state.
create or replace function ops.refuse_rewriting() returns trigger
language plpgsql set search_path = '' as $body$
begin
    raise exception 'ops.% is a ledger: [%] of a row is refused', tg_table_name, lower(tg_op)
    using hint = 'write a new row; what was written stays';
end $body$;
create or replace function ops.refuse_rewriting_published() returns trigger
language plpgsql set search_path = '' as $body$
begin
    if exists (select from ops.publication as p where p.build_id = old.build_id) then
        raise exception 'ops.%: build [%] is published; what the gate judged it by stays', tg_table_name, old.build_id;
    end if;
    return case when tg_op = 'DELETE' then old else new end;
end $body$;
create or replace function ops.refuse_rewriting_publication() returns trigger
language plpgsql set search_path = '' as $body$
begin
    if tg_op = 'DELETE' or (
        to_jsonb(new) - array['state', 'ended_at'] is distinct from to_jsonb(old) - array['state', 'ended_at']
    ) then
        raise exception 'ops.publication is a ledger: of publication [%] only the state may change', old.publication_id;
    end if;
    return new;
end $body$;

do $body$
declare
    guarded text;
begin
    foreach guarded in array array[
        'publication_table', 'publication_input', 'publication_waiver', 'publication_event', 'publication_pack',
        'publication_rekeyed', 'restatement', 'waiver', 'waiver_withdrawal'
    ] loop
        execute format('create or replace trigger written_once before update or delete on ops.%I '
        'for each row execute function ops.refuse_rewriting()', guarded);
    end loop;
    foreach guarded in array array['gate_result', 'gate_decision', 'gate_failing_row', 'build_input', 'blast_radius'] loop
        execute format('create or replace trigger kept_once_published before update or delete on ops.%I '
        'for each row execute function ops.refuse_rewriting_published()', guarded);
    end loop;
    execute 'create or replace trigger written_once before update or delete on ops.publication '
    'for each row execute function ops.refuse_rewriting_publication()';
end $body$;
