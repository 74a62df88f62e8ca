with

households as (

    select
        county_code,
        period,
        household_no,
        village_code,
        township_code,
        member_count,
        medical_state,
        medical_reason,
        medical_source_period,
        medical_is_carried,
        household_key
    from {{ published('fct_household_month') }}

),

insurances as (

    -- one row a person: from September a list may hold next year as well
    select
        household_key,
        county_code,
        period,
        insurance_status_code,
        has_serious_illness_insurance,
        premium_aid_yuan
    from {{ published('fct_insurance') }}
    where insurance_year = substr(period, 1, 4)::integer

),

counted as (

    select
        household_key,
        county_code,
        period,
        (count(*) filter (where insurance_status_code in ('01', '02', '03', '04', '05')))::integer as insured_count,
        (count(*) filter (where insurance_status_code in ('16', '19')))::integer as not_insured_count,
        (count(*) filter (where has_serious_illness_insurance))::integer as serious_illness_count,
        (count(*) filter (where premium_aid_yuan > 0))::integer as aided_count
    from insurances
    group by household_key, county_code, period

),

final as (

    select
        households.county_code,
        households.period,
        households.household_no,
        households.village_code,
        households.township_code,
        households.member_count,
        coalesce(counted.insured_count, 0) as insured_count,
        coalesce(counted.not_insured_count, 0) as not_insured_count,
        coalesce(counted.serious_illness_count, 0) as serious_illness_count,
        coalesce(counted.aided_count, 0) as aided_count,
        households.medical_state,
        households.medical_reason,
        households.medical_source_period,
        households.medical_is_carried
    from households
    left join counted
        on
            households.household_key = counted.household_key
            and households.county_code = counted.county_code
            and households.period = counted.period

)

select * from final
