{#- Households: every row of the register. Most indicators are of the active ones, some of all that are listed. -#}
{%- set indicators = {
    'POV-08': {'counts': "poverty_status_code in ('3', '4') and exit_month <= period"},
    'MON-02': {
        'of': 'monitor_class_code is not null', 'counts': 'is_risk_removed', 'unknown': 'is_risk_removed is null'
    },
    'MON-03': {'counts': 'left(monitored_month, 4) = left(period, 4)'},
    'INC-03': {'of': 'is_without_labour', 'counts': "on_roll = 'yes'", 'unknown': "on_roll = 'unknown'"},
    'CIV-02': {'of': 'is_without_labour', 'counts': "on_roll = 'no'", 'unknown': "on_roll = 'unknown'"},
    'HSG-01': {
        'of': 'is_active', 'counts': "housing_reason = 'dangerous'",
        'unknown': "housing_reason in ('declared', 'no_certificate')"
    },
    'HSG-02': {'of': 'is_active', 'counts': 'is_certified'},
    'HSG-03': {'of': "is_active and house_grade_code in ('C', 'D')", 'counts': 'not is_planned'},
    'WAT-04': {'of': 'is_active', 'counts': 'has_water_certificate'},
    'PWR-05': {
        'of': 'is_active and has_account', 'counts': 'is_low_voltage', 'unknown': 'is_low_voltage is null'
    },
    'PWR-10': {'of': 'connect_days is not null', 'counts': 'connect_days > connect_days_limit'},
    'OPS-09': {
        'of': 'is_active', 'counts': 'survey_age > survey_carry_months', 'unknown': 'surveyed_month is null'
    },
} -%}

with

register as (

    select * from {{ ref('fct_register_household') }}

),

states as (

    select
        household_key,
        housing_reason,
        on_dibao
    from {{ ref('fct_household_month') }}

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

tekun_list as (

    select is_received from {{ ref('int_feed_input') }}
    where feed_id = 'civil_affairs.tekun'

),

tekun as (

    select distinct household_key from {{ ref('fct_tekun') }}
    where stopped_month is null

),

-- Nobody of 16 or more can work, and nobody does (section 4, E1). Whose capacity is not said may be able.
without_labour as (

    select household_key
    from {{ ref('fct_register_member') }}
    where is_active
    group by household_key
    having
        not bool_or(age_years >= 16 and coalesce(labour_capacity_code in ('1', '2'), true))
        and not bool_or(coalesce(work_months, 0) > 0)

),

-- The lived-in house: the only home, else the one assessed last; only complete assessments are evidence (R-HSG-01).
houses as (

    select distinct on (household_key)
        household_key,
        house_grade_code,
        {{ month_of('assessed_date') }} as assessed_month
    from {{ ref('fct_house_assessment') }}
    where
        certificate_no is not null
        and house_grade_code is not null
        and assessed_date is not null
        and assessor_name is not null
    order by household_key asc, coalesce(house_use_code = '1', false) desc, assessed_date desc, house_grade_code desc

),

plans as (

    select
        household_key,
        min(plan_year) as first_plan_year
    from {{ ref('fct_house_renovation') }}
    group by household_key

),

supplies as (

    select
        household_key,
        min(supply_mode_code) as supply_mode_code,
        bool_or(acceptance_certificate_no is not null) as has_certificate
    from {{ ref('fct_water_supply') }}
    group by household_key

),

accounts as (

    select
        household_key,
        bool_or(is_low_voltage) as is_low_voltage,
        max(connected_date) as connected_date
    from {{ ref('fct_power_connection') }}
    where coalesce(account_status_code not in ('4', '5'), true)
    group by household_key

),

evidence as (

    select
        register.*,
        states.housing_reason,
        parameters.survey_carry_months,
        parameters.connect_days as connect_days_limit,
        register.is_active and without_labour.household_key is not null as is_without_labour,
        coalesce(states.on_dibao, 'no') as on_dibao,
        case
            when tekun.household_key is not null then 'yes'
            when coalesce(tekun_list.is_received, false) then 'no'
            else 'unknown'
        end as on_tekun,
        case
            when states.on_dibao = 'yes' or tekun.household_key is not null then 'yes'
            when states.on_dibao = 'unknown' or not coalesce(tekun_list.is_received, false) then 'unknown'
            else 'no'
        end as on_roll,
        houses.house_grade_code,
        {{ months_between('houses.assessed_month', 'register.period') }} <= parameters.house_cert_months
            as is_certified,
        coalesce(plans.first_plan_year <= parameters.insurance_year, false) as is_planned,
        supplies.supply_mode_code,
        coalesce(supplies.has_certificate, false) as has_water_certificate,
        accounts.household_key is not null as has_account,
        accounts.is_low_voltage,
        -- Days from the end of the month of entry: the register knows no day.
        case
            when register.is_active and left(register.identified_month, 4) = left(register.period, 4)
                then accounts.connected_date - {{ last_day('register.identified_month') }}
        end as connect_days,
        {{ months_between('register.surveyed_month', 'register.period') }} as survey_age
    from register
    cross join parameters
    left join tekun_list on true
    left join states on register.household_key = states.household_key
    left join tekun on register.household_key = tekun.household_key
    left join without_labour on register.household_key = without_labour.household_key
    left join houses on register.household_key = houses.household_key
    left join plans on register.household_key = plans.household_key
    left join supplies on register.household_key = supplies.household_key
    left join accounts on register.household_key = accounts.household_key

),

final as (

    select
        household_key,
        county_code,
        period,
        village_code,
        township_code,
        is_active,
        active_member_count as member_count,
        on_dibao,
        on_tekun,
        on_roll,
        supply_mode_code,
        connect_days,
        {{ indicator_states(indicators) }}
    from evidence

)

select * from final
