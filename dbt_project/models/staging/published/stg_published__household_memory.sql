with

published as (

    {{ select_published(source('published', 'fct_household_memory'), {
        'household_key': 'bigint',
        'county_code': 'text',
        'period': 'text',
        'last_period': 'text',
        'village_code': 'text',
        'township_code': 'text',
        'is_active': 'boolean',
        'poverty_status_code': 'text',
        'is_risk_removed': 'boolean',
        'is_on_dibao': 'boolean',
        'house_grade': 'text',
        'verdict_code': 'text',
        'usage_kwh': 'numeric',
        'usage_kwh_run': 'numeric[]',
        'income_year': 'integer',
        'income_yuan': 'numeric',
        'income_before_yuan': 'numeric',
        'work_months': 'numeric',
        'able_keys': 'bigint[]',
        'member_keys': 'bigint[]',
        'severe_keys': 'bigint[]',
        'disabled_keys': 'bigint[]',
        'insured_year': 'integer',
        'insured_keys': 'bigint[]',
        'insured_before_keys': 'bigint[]',
        'has_left_roll': 'boolean',
        'housing_state': 'text',
        'cut_days': 'integer',
        'is_unreliable': 'boolean',
        'unused_months': 'integer',
    }) }}

),

-- What the newest month published before this one left.
newest as (

    select max(period) as period
    from published
    where
        period < '{{ var("period") }}'
        and period >= '{{ shift_month(var("period"), -12) }}'

),

final as (

    select published.*
    from published
    inner join newest on published.period = newest.period

)

select * from final
