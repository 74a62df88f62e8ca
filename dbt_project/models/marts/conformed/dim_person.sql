{%- set columns = [
    'person_key',
    'county_code',
    'sex_code',
    'birth_month',
    'ethnicity_code',
    'education_level_code',
    'first_period',
    'attribute_period',
] -%}

with

members as (

    select * from {{ ref('fct_register_member') }}

),

keys as (

    select * from {{ ref('person_key_map') }}

),

published as (

    select
        *,
        null::boolean as is_active
    from {{ ref('stg_published__person') }}

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

-- A person who moved between households has two rows in a month: the row where the person lives now wins.
{{
    newest(
        present='present', published='published', key='person_key', columns=columns,
        then_by='is_active desc nulls last, education_level_code asc'
    )
}}

select * from final
