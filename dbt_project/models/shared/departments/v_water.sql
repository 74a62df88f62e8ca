with

households as (

    select
        county_code,
        period,
        household_no,
        village_code,
        township_code,
        water_state,
        water_reason,
        water_source_period,
        water_is_carried,
        household_key
    from {{ published('fct_household_month') }}

),

supplies as (

    select
        household_key,
        county_code,
        period,
        supply_mode_code,
        is_tap_connected,
        verdict_code,
        cut_days,
        acceptance_date
    from {{ published('fct_water_supply') }}

),

counted as (

    select
        household_key,
        county_code,
        period,
        min(supply_mode_code) as supply_mode_code,
        bool_and(is_tap_connected) as is_tap_connected,
        max(verdict_code) as worst_verdict_code,
        max(cut_days) as cut_days,
        min(acceptance_date) as acceptance_date
    from supplies
    group by household_key, county_code, period

),

final as (

    select
        households.county_code,
        households.period,
        households.household_no,
        households.village_code,
        households.township_code,
        counted.supply_mode_code,
        counted.is_tap_connected,
        counted.worst_verdict_code,
        counted.cut_days,
        counted.acceptance_date,
        households.water_state,
        households.water_reason,
        households.water_source_period,
        households.water_is_carried
    from households
    left join counted
        on
            households.household_key = counted.household_key
            and households.county_code = counted.county_code
            and households.period = counted.period

)

select * from final
