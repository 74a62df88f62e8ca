with

versions as (

    select * from {{ ref('dim_household_version') }}

),

moves as (

    select * from {{ ref('fct_member_event') }}
    where event_code = 'transfer'

),

{{ status_changes() }},

final as (

    select
        household_key,
        county_code,
        period,
        change_code,
        value_before,
        value_after,
        reason_code,
        other_household_key
    from changes
    where period = '{{ var("period") }}'

)

select * from final
