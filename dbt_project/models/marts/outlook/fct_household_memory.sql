{#- What next month must remember of this one: looking back costs a row a household, not a table a month. -#}
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
        village_code,
        township_code,
        is_active,
        poverty_status_code,
        is_risk_removed,
        is_on_dibao,
        house_grade,
        verdict_code,
        usage_kwh,
        income_year,
        income_yuan,
        income_before_yuan,
        work_months,
        able_keys,
        member_keys,
        severe_keys,
        disabled_keys,
        insured_year,
        insured_keys,
        insured_before_keys,
        has_left_roll,
        housing_state,
        cut_days,
        is_unreliable,
        unused_months
    from outlook
    union all
    -- A household whose row was refused is not forgotten for a year.
    select
        before.household_key,
        before.last_period,
        before.village_code,
        before.township_code,
        before.is_active,
        before.poverty_status_code,
        before.is_risk_removed,
        before.is_on_dibao,
        before.house_grade,
        before.verdict_code,
        before.usage_kwh,
        before.income_year,
        before.income_yuan,
        before.income_before_yuan,
        before.work_months,
        before.able_keys,
        before.member_keys,
        before.severe_keys,
        before.disabled_keys,
        before.insured_year,
        before.insured_keys,
        before.insured_before_keys,
        before.has_left_roll,
        before.housing_state,
        before.cut_days,
        before.is_unreliable,
        before.unused_months
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
        village_code,
        township_code,
        is_active,
        poverty_status_code,
        is_risk_removed,
        is_on_dibao,
        house_grade,
        verdict_code,
        usage_kwh,
        income_year,
        income_yuan,
        income_before_yuan,
        work_months,
        able_keys,
        member_keys,
        severe_keys,
        disabled_keys,
        insured_year,
        insured_keys,
        insured_before_keys,
        has_left_roll,
        housing_state,
        cut_days,
        is_unreliable,
        unused_months
    from gathered

)

select * from final
