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
    -- By the number, not by the key: a known person keeps the key also after the token key was replaced.
    where
        not exists (
            select 1 from {{ this }} as known
            where
                seen.issuing_authority = known.issuing_authority
                and seen.id_number_hash = known.id_number_hash
        )
    {% endif %}

)

select * from final
