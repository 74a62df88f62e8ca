{%- set attributes = [
    'membership_code',
    'relation_code',
    'change_code',
    'change_month',
] -%}

with

members as (

    select * from {{ ref('fct_register_member') }}

),

published as (

    select
        person_key,
        household_key,
        county_code,
        coalesce(membership_code, 'member') as membership_code,
        relation_code,
        change_code,
        change_month,
        valid_from,
        valid_to
    from {{ ref('stg_published__membership') }}

),

next_published as (

    select * from {{ ref('int_next_published') }}

),

counted as (

    select
        *,
        count(*) filter (where is_active) over (partition by person_key) as household_count
    from members

),

present as (

    select
        person_key,
        household_key,
        county_code,
        case
            when not is_active then 'left'
            when household_count = 1 then 'member'
            else 'disputed'
        end as membership_code,
        relation_code,
        member_change_code as change_code,
        member_change_month as change_month
    from counted

),

{{ versions(present='present', published='published', key=['person_key', 'household_key'], attributes=attributes) }}

select * from final
