{{ config(materialized='shared_view', security_invoker=false) }}

with

inputs as (

    select * from {{ source('ops', 'build_input') }}

),

final as (

    select
        '{{ var("county_code") }}'::text as county_code,
        '{{ var("period") }}'::text as period,
        department || '.' || feed as feed_id,
        submission_id,
        source_period,
        is_carried,
        age_periods
    from inputs
    where build_id = {{ var('build_id') }}

)

select * from final
