{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='append_new_columns',
        full_refresh=false,
        contract={'enforced': true},
        meta={'distributed_by': 'household_key'},
    )
}}

with

households as (

    select * from {{ ref('stg_register__household') }}

),

seen as (

    select
        {{ household_key() }} as household_key,
        county_code as issuing_authority,
        household_no,
        source_period as first_period,
        submission_id as first_submission_id
    from households

),

final as (

    select seen.*
    from seen
    {% if is_incremental() %}
    where
        not exists (
            select 1 from {{ this }} as known
            where seen.household_key = known.household_key
        )
    {% endif %}

)

select * from final
