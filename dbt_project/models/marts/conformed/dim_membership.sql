{%- set attributes = [
    'relation_code',
] -%}

with

members as (

    select * from {{ ref('fct_register_member') }}
    where is_active

),

published as (

    select * from {{ ref('stg_published__membership') }}

),

next_published as (

    select * from {{ ref('int_next_published') }}

),

counted as (

    select
        *,
        count(*) over (partition by person_key) as household_count
    from members

),

present as (

    select
        person_key,
        household_key,
        county_code,
        relation_code
    from counted
    where household_count = 1

),

{{ versions(present='present', published='published', key=['person_key', 'household_key'], attributes=attributes) }}

select * from final
