with

every_version as (

    select * from {{ ref('dim_household_version') }}

),

-- Households of whom something begins or ends in this month: the others have no change, however long their history.
touched as (

    select distinct household_key
    from every_version
    where valid_from = '{{ var("period") }}' or valid_to = '{{ shift_month(var("period"), -1) }}'

),

versions as (

    select every_version.*
    from every_version
    inner join touched on every_version.household_key = touched.household_key

),

moves as (

    select * from {{ ref('fct_member_event') }}
    where event_code = 'transfer'

),

{{ status_changes(history='every_version') }},

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
