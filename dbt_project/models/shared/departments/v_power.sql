with

households as (

    select
        county_code,
        period,
        household_no,
        village_code,
        township_code,
        power_state,
        power_reason,
        power_source_period,
        power_is_carried,
        household_key
    from {{ published('fct_household_month') }}

),

connections as (

    select
        household_key,
        county_code,
        period,
        account_status_code,
        usage_kwh,
        is_low_voltage
    from {{ published('fct_power_connection') }}

),

counted as (

    select
        household_key,
        county_code,
        period,
        (count(*) filter (where coalesce(account_status_code not in ('4', '5'), true)))::integer as account_count,
        sum(usage_kwh)::numeric(14, 2) as usage_kwh,
        bool_or(is_low_voltage) as has_low_voltage
    from connections
    group by household_key, county_code, period

),

final as (

    select
        households.county_code,
        households.period,
        households.household_no,
        households.village_code,
        households.township_code,
        coalesce(counted.account_count, 0) as account_count,
        counted.usage_kwh,
        counted.has_low_voltage,
        households.power_state,
        households.power_reason,
        households.power_source_period,
        households.power_is_carried
    from households
    left join counted
        on
            households.household_key = counted.household_key
            and households.county_code = counted.county_code
            and households.period = counted.period

)

select * from final
