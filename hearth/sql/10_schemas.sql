-- The schemas in which the rooms meet.
-- The files of this folder are applied in the order of their names by `hearth migrate`, one file a subject. Every
-- statement may run again on a live warehouse: `create ... if not exists`, and `alter table ... add column if not exists`
-- for what a later version adds. A subject grants what belongs to it alone at its end; rights across subjects are in
-- `access.sql`, which comes last.
-- Tables of `raw` and `reference` are made from the contracts by ingestion; those of `staging`, `identity` and
-- `candidate` by dbt; those of `marts` by the switch.

create schema if not exists raw;
create schema if not exists vault;
create schema if not exists quarantine;
create schema if not exists ops;
create schema if not exists reference;
create schema if not exists staging;
create schema if not exists identity;
create schema if not exists candidate;
create schema if not exists marts;
create schema if not exists previous;
create schema if not exists shared;
