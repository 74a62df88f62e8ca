with

members as (

    select * from {{ ref('fct_register_member') }}

),

keys as (

    select * from {{ ref('person_key_map') }}

),

published as (

    select * from {{ ref('stg_published__person') }}

),

present as (

    select
        members.person_key,
        members.county_code,
        members.sex_code,
        {{ month_of('members.birth_date') }} as birth_month,
        members.ethnicity_code,
        members.education_level_code,
        keys.first_period,
        members.source_period as attribute_period,
        members.is_active
    from members
    inner join keys on members.person_key = keys.person_key

),

known as (

    select
        present.*,
        1 as precedence
    from present
    union all
    select
        published.*,
        null::boolean as is_active,
        2 as precedence
    from published

),

-- A person who moved between households has two rows in a month: the row where the person lives now wins.
ranked as (

    select
        *,
        row_number() over (
            partition by person_key
            order by attribute_period desc, precedence asc, is_active desc nulls last, education_level_code asc
        ) as recency
    from known

),

final as (

    select
        person_key,
        county_code,
        sex_code,
        birth_month,
        ethnicity_code,
        education_level_code,
        first_period,
        attribute_period
    from ranked
    where recency = 1

)

select * from final
