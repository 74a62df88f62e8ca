with

households as (

    select
        county_code,
        period,
        household_no,
        village_code,
        township_code,
        housing_state,
        housing_reason,
        housing_source_period,
        housing_is_carried,
        household_key
    from {{ published('fct_household_month') }}

),

assessments as (

    select
        household_key,
        county_code,
        period,
        assessed_date,
        house_grade_code
    from {{ published('fct_house_assessment') }}

),

counted as (

    select
        household_key,
        county_code,
        period,
        count(*)::integer as assessment_count,
        max(assessed_date) as last_assessed_date,
        max(house_grade_code) as worst_grade_code
    from assessments
    group by household_key, county_code, period

),

final as (

    select
        households.county_code,
        households.period,
        households.household_no,
        households.village_code,
        households.township_code,
        coalesce(counted.assessment_count, 0) as assessment_count,
        counted.last_assessed_date,
        counted.worst_grade_code,
        households.housing_state,
        households.housing_reason,
        households.housing_source_period,
        households.housing_is_carried
    from households
    left join counted
        on
            households.household_key = counted.household_key
            and households.county_code = counted.county_code
            and households.period = counted.period

)

select * from final
