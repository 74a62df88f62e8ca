-- Who may touch what. Applied after the files of sql/ and after the rooms' own tables, idempotent.
-- Roles are made by hearth/migrate.py (their passwords are secrets); nothing is granted to PUBLIC.

revoke all on schema public from public;
alter schema raw owner to hearth;

-- The reader of the demo. Every other right of a reader comes from publishing/access/*.yaml (`hearth access apply`).
do $$
begin
    if not exists (select from pg_roles where rolname = 'shared_reader') then
        create role shared_reader nologin;
    end if;
end $$;
grant shared_reader to hearth_reader;
-- The switch takes over the tables that the builder made.
grant hearth_builder to hearth_publisher;

-- Takes files in.
grant usage on schema raw, quarantine, ops, reference to hearth_loader;
grant select, insert on all tables in schema raw, quarantine to hearth_loader;
grant select on all tables in schema reference to hearth_loader;
-- What came when, from whom and in which order is written once: no update of those columns.
revoke update on ops.submission from hearth_loader;
grant select, insert on ops.submission to hearth_loader;
grant update (
    state, contract_version, reader_version, rows_received, rows_accepted, rows_rejected, rows_excluded, warning_count,
    reason_rule_id, reason_message, reason_fix, notes, verdict_at, superseded_by, parent_submission_id, receipt_key,
    is_nil_return, claimed_by, claimed_at
) on ops.submission to hearth_loader;
grant select, insert on ops.first_arrival, ops.confirmation, ops.reopening, ops.calendar_change to hearth_loader;
grant select, insert on ops.placeholder_waiver, ops.rejudgement to hearth_loader;
-- Decisions are kept for good: no update, no delete.
grant select, insert on ops.link_decision to hearth_loader;
grant select, insert on ops.calendar to hearth_loader;
grant update (expectation, due_at, cutoff_at, moved_because, is_provisional) on ops.calendar to hearth_loader;
grant select, insert, delete on ops.mended_row to hearth_loader;
grant select, insert, update, delete on ops.rule_result, ops.row_finding to hearth_loader;
grant select, insert, update, delete on ops.submission_heading, ops.schema_issue to hearth_loader;
grant delete on quarantine.row, quarantine.aside, quarantine.near_number to hearth_loader;
grant select on ops.publication, ops.build, ops.build_input, ops.key_version to hearth_loader;

-- Clear personal data.
-- Ciphertexts are only to be had from the two functions, which log who asked.
grant usage on schema vault, ops to hearth_vault;
revoke all on all tables in schema vault from hearth_vault;
grant insert on vault.entry to hearth_vault;
grant select (kind, token) on vault.entry to hearth_vault;
grant select, insert on vault.data_key to hearth_vault;
grant select, insert on ops.key_version to hearth_vault;
grant execute on function vault.open_entries(text, text[], text, text) to hearth_vault;
grant execute on function vault.open_row_keys(text, text, text) to hearth_vault;

-- dbt and the gate.
grant usage on schema raw, reference, ops, marts to hearth_builder;
grant select on all tables in schema raw, reference, ops to hearth_builder;
grant usage on schema quarantine to hearth_builder;
grant select on quarantine.near_number to hearth_builder;
grant insert, update, delete on ops.build_result, ops.gate_result, ops.gate_decision to hearth_builder;
grant update on ops.build to hearth_builder;
alter schema staging owner to hearth_builder;
alter schema identity owner to hearth_builder;
alter schema candidate owner to hearth_builder;

-- Publication.
alter schema marts owner to hearth_publisher;
alter schema previous owner to hearth_publisher;
alter schema shared owner to hearth_publisher;
grant usage, create on schema marts, previous, shared to hearth_publisher;
grant usage on schema ops, raw, reference to hearth_publisher;
grant select on all tables in schema ops, reference to hearth_publisher;
grant insert, update on ops.build, ops.publication to hearth_publisher;
grant insert, update, delete on ops.build_input to hearth_publisher;
-- A ledger: what was published is written once.
revoke update, delete on ops.publication_table from hearth_publisher;
grant insert on ops.publication_table to hearth_publisher;
grant insert on ops.build_left_out to hearth_publisher;
grant insert on ops.reminder to hearth_publisher;
-- dbt makes the shared views as the builder; they read the published tables with the rights of whoever asks.
grant usage, create on schema shared to hearth_builder;
grant usage on schema marts to hearth_builder;
alter default privileges for role hearth_publisher in schema marts grant select on tables to hearth_builder;

-- Readers.
grant usage on schema shared to shared_reader;
revoke all on reference.analysis_salt from hearth_loader, hearth_publisher;
