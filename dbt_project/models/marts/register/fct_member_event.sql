with

versions as (

    select * from {{ ref('dim_membership') }}

),

beginning as (

    select min(valid_from) as first_period from versions

),

-- Whose row begins to say something this month, and the households whose head does.
present as (

    select
        person_key,
        household_key,
        relation_code
    from versions
    where valid_from = '{{ var("period") }}'

),

memberships as (

    select
        versions.*,
        beginning.first_period
    from versions
    cross join beginning
    where
        versions.person_key in (select present.person_key from present)
        or (
            versions.relation_code = '02'
            and versions.household_key in (
                select present.household_key from present
                where present.relation_code = '02'
            )
        )

),

{{ member_events() }},

final as (

    select
        household_key,
        county_code,
        period,
        person_key,
        event_code,
        other_household_key,
        other_person_key,
        stated_month,
        relation_before,
        relation_after
    from events
    where period = '{{ var("period") }}'

)

select * from final
