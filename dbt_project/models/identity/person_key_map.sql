{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='append_new_columns',
        full_refresh=false,
        contract={'enforced': true},
        meta={'local': true},
    )
}}

with

members as (

    select * from {{ ref('stg_register__member') }}

),

numbered as (

    select
        {{ person_authority('members') }} as issuing_authority,
        members.id_number_hash,
        members.source_period,
        members.submission_id
    from members
    where members.id_number_hash is not null

),

seen as (

    select
        {{ deterministic_bigint('issuing_authority', 'id_number_hash') }} as person_key,
        issuing_authority,
        id_number_hash,
        min(source_period) as first_period,
        min(submission_id) as first_submission_id
    from numbered
    group by issuing_authority, id_number_hash

),

-- By the number, not by the key: a known person keeps the key also after the token key was replaced.
{{ new_keys(seen='seen', key='person_key', number='id_number_hash') }}

select * from final
