with

households as (

    select
        county_code,
        period,
        household_no,
        village_code,
        township_code,
        on_dibao,
        household_key
    from {{ published('fct_household_month') }}

),

certificates as (

    select
        household_key,
        county_code,
        period,
        covered_count,
        monthly_amount_yuan,
        started_month,
        source_period,
        is_carried
    from {{ published('fct_dibao') }}

),

counted as (

    select
        household_key,
        county_code,
        period,
        count(*)::integer as certificate_count,
        sum(covered_count)::integer as covered_count,
        sum(monthly_amount_yuan)::numeric(14, 2) as monthly_amount_yuan,
        min(started_month) as first_started_month,
        max(source_period) as source_period,
        bool_or(is_carried) as is_carried
    from certificates
    group by household_key, county_code, period

),

final as (

    select
        households.county_code,
        households.period,
        households.household_no,
        households.village_code,
        households.township_code,
        households.on_dibao,
        coalesce(counted.certificate_count, 0) as certificate_count,
        counted.covered_count,
        counted.monthly_amount_yuan,
        counted.first_started_month,
        counted.source_period,
        counted.is_carried
    from households
    left join counted
        on
            households.household_key = counted.household_key
            and households.county_code = counted.county_code
            and households.period = counted.period

)

select * from final
