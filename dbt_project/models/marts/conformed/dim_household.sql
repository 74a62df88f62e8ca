{%- set columns = [
    'household_key',
    'county_code',
    'household_no',
    'village_code',
    'township_code',
    'register_class_code',
    'poverty_attribute_code',
    'poverty_status_code',
    'monitor_class_code',
    'main_cause_code',
    'secondary_cause_code',
    'risk_code',
    'member_count',
    'is_active',
    'first_period',
    'attribute_period',
] -%}

with

registered as (

    select * from {{ ref('fct_register_household') }}

),

keys as (

    select * from {{ ref('household_key_map') }}

),

published as (

    select * from {{ ref('stg_published__household') }}

),

present as (

    select
        registered.household_key,
        registered.county_code,
        registered.household_no,
        registered.village_code,
        registered.township_code,
        registered.register_class_code,
        registered.poverty_attribute_code,
        registered.poverty_status_code,
        registered.monitor_class_code,
        registered.main_cause_code,
        registered.secondary_cause_code,
        registered.risk_code,
        registered.member_count,
        registered.is_active,
        keys.first_period,
        registered.source_period as attribute_period
    from registered
    inner join keys on registered.household_key = keys.household_key

),

{{ newest(present='present', published='published', key='household_key', columns=columns) }}

select * from final
