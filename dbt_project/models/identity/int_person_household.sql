{{ config(meta={'local': true}) }}

with

memberships as (

    select * from {{ ref('int_membership') }}
    where id_link in ('usable', 'raised')

),

-- Where a person is active somewhere, the households left behind do not count; a person who left every household
-- (died, moved away) still answers for the last one, because departments go on naming that person for a while. A row of
-- 15 digits does not count where another has all 18.
ranked as (

    select
        *,
        bool_or(id_link = 'usable') over (partition by county_code, id_number_hash) as is_usable_somewhere,
        bool_or(is_active) over (partition by county_code, id_number_hash, id_link) as is_active_somewhere
    from memberships

),

final as (

    select
        county_code,
        id_number_hash,
        person_key,
        case when count(distinct household_key) = 1 then min(household_key) end as household_key,
        count(distinct household_key) > 1 as is_ambiguous,
        not bool_or(is_usable_somewhere) as is_raised,
        case when count(distinct person_name_hash) = 1 then min(person_name_hash) end as person_name_hash
    from ranked
    where
        (is_active or not is_active_somewhere)
        and (id_link = 'usable' or not is_usable_somewhere)
    group by county_code, id_number_hash, person_key

)

select * from final
