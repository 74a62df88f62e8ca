with

versions as (

    select * from {{ published('dim_household_version') }}

),

moves as (

    select * from {{ published('fct_member_event') }}
    where event_code = 'transfer'

),

households as (

    select * from {{ published('dim_household') }}

),

{{ status_changes() }},

final as (

    select
        changes.county_code,
        changes.period,
        households.household_no,
        changes.change_code,
        changes.value_before,
        changes.value_after,
        changes.reason_code,
        counterparts.household_no as other_household_no
    from changes
    inner join households
        on changes.household_key = households.household_key and changes.county_code = households.county_code
    left join households as counterparts
        on changes.other_household_key = counterparts.household_key and changes.county_code = counterparts.county_code

)

select * from final
