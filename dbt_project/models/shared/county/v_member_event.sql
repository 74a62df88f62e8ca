with

versions as (

    select * from {{ published('dim_membership') }}

),

beginning as (

    select min(valid_from) as first_period from versions

),

memberships as (

    select
        versions.*,
        beginning.first_period
    from versions
    cross join beginning

),

households as (

    select * from {{ published('dim_household') }}

),

{{ member_events() }},

final as (

    select
        events.county_code,
        events.period,
        households.household_no,
        events.person_key,
        events.event_code,
        counterparts.household_no as other_household_no,
        events.other_person_key,
        events.stated_month,
        events.relation_before,
        events.relation_after
    from events
    inner join households
        on events.household_key = households.household_key and events.county_code = households.county_code
    left join households as counterparts
        on events.other_household_key = counterparts.household_key and events.county_code = counterparts.county_code

)

select * from final
