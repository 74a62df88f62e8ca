with

versions as (

    select * from {{ ref('dim_household_version') }}

),

{{ status_changes() }},

final as (

    select
        household_key,
        county_code,
        period,
        change_code,
        value_before,
        value_after
    from changes
    where period = '{{ var("period") }}'

)

select * from final
