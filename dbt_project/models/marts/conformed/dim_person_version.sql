{%- set attributes = [
    'sex_code',
    'birth_month',
    'ethnicity_code',
    'education_level_code',
] -%}

with

members as (

    select * from {{ ref('fct_register_member') }}

),

published as (

    select * from {{ ref('stg_published__person_version') }}

),

next_published as (

    select * from {{ ref('int_next_published') }}

),

-- A person who moved between households has two rows in a month: the row where the person lives now wins.
ranked as (

    select
        *,
        row_number() over (
            partition by person_key order by is_active desc nulls last, education_level_code asc, household_key asc
        ) as preference
    from members

),

present as (

    select
        person_key,
        county_code,
        sex_code,
        {{ month_of('birth_date') }} as birth_month,
        ethnicity_code,
        education_level_code
    from ranked
    where preference = 1

),

{{ versions(present='present', published='published', key=['person_key'], attributes=attributes) }}

select * from final
