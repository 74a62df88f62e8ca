with

versions as (

    select * from {{ published('dim_household_version') }}

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
        changes.value_after
    from changes
    inner join households
        on changes.household_key = households.household_key and changes.county_code = households.county_code

)

select * from final
