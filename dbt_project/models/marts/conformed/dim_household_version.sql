{%- set attributes = [
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
    'is_risk_removed',
    'change_code',
    'change_month',
    'monitored_month',
] -%}

with

registered as (

    select * from {{ ref('fct_register_household') }}

),

published as (

    select * from {{ ref('stg_published__household_version') }}

),

next_published as (

    select * from {{ ref('int_next_published') }}

),

present as (

    select
        household_key,
        county_code,
        household_no,
        village_code,
        township_code,
        register_class_code,
        poverty_attribute_code,
        poverty_status_code,
        monitor_class_code,
        main_cause_code,
        secondary_cause_code,
        risk_code,
        member_count,
        is_active,
        is_risk_removed,
        change_code,
        change_month,
        monitored_month
    from registered

),

{{ versions(present='present', published='published', key=['household_key'], attributes=attributes) }}

select * from final
