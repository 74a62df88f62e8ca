{#- What next month must remember of this one: looking back costs a row a household, not a table a month. -#}
{%- set remembered = [
    'village_code',
    'township_code',
    'is_active',
    'poverty_status_code',
    'is_risk_removed',
    'is_on_dibao',
    'house_grade',
    'verdict_code',
    'usage_kwh',
    'usage_kwh_run',
    'income_year',
    'income_yuan',
    'income_before_yuan',
    'work_months',
    'able_keys',
    'member_keys',
    'severe_keys',
    'disabled_keys',
    'insured_year',
    'insured_keys',
    'insured_before_keys',
    'has_left_roll',
    'housing_state',
    'cut_days',
    'is_unreliable',
    'unused_months',
] -%}

with

outlook as (

    select * from {{ ref('int_outlook') }}

),

before as (

    select * from {{ ref('stg_published__household_memory') }}

),

gathered as (

    select
        household_key,
        period as last_period,
        {{ remembered | join(',\n        ') }}
    from outlook
    union all
    -- A household whose row was refused is not forgotten for a year.
    select
        before.household_key,
        before.last_period,
        before.{{ remembered | join(',\n        before.') }}
    from before
    left join outlook on before.household_key = outlook.household_key
    where outlook.household_key is null and before.last_period >= '{{ shift_month(var("period"), -12) }}'

),

final as (

    select
        household_key,
        '{{ var("county_code") }}'::text as county_code,
        '{{ var("period") }}'::text as period,
        last_period,
        {{ remembered | join(',\n        ') }}
    from gathered

)

select * from final
