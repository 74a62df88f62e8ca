-- On no day is a person a member of two households: stretches as a member do not overlap, in any month.
with

stretches as (

    select
        person_key,
        household_key,
        valid_from,
        lag(valid_to) over (partition by person_key, county_code order by valid_from) as valid_to_before
    from {{ ref('dim_membership') }}
    where membership_code = 'member'

)

select
    person_key,
    household_key,
    valid_from
from stretches
where valid_to_before >= valid_from
