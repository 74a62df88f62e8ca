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

seen as (

    select distinct
        {{ deterministic_bigint(person_authority('members'), 'members.id_number_hash') }} as person_key,
        {{ person_authority('members') }} as issuing_authority,
        members.id_number_hash,
        members.source_period as first_period,
        members.submission_id as first_submission_id
    from members

),

final as (

    select seen.*
    from seen
    {% if is_incremental() %}
    where
        not exists (
            select 1 from {{ this }} as known
            where seen.person_key = known.person_key
        )
    {% endif %}

)

select * from final
