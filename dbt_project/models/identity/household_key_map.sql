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
        min(source_period) as first_period,
        min(submission_id) as first_submission_id
    from households
    where household_no is not null
    group by county_code, household_no

),

{{ new_keys(seen='seen', key='household_key', number='household_no') }}

select * from final
