with

households as (

    select
        county_code,
        period,
        household_no,
        village_code,
        township_code,
        education_state,
        education_reason,
        education_source_period,
        education_is_carried,
        household_key
    from {{ published('fct_household_month') }}

),

enrolments as (

    -- one row a pupil: the term that runs
    select
        household_key,
        county_code,
        period,
        stage_code,
        boarding_code
    from {{ published('fct_enrolment') }}
    where term_code = {{ term_code('period') }}

),

counted as (

    select
        household_key,
        county_code,
        period,
        count(*)::integer as pupil_count,
        (count(*) filter (where stage_code in ('2', '3')))::integer as compulsory_pupil_count,
        (count(*) filter (where boarding_code = '2'))::integer as boarder_count
    from enrolments
    group by household_key, county_code, period

),

final as (

    select
        households.county_code,
        households.period,
        households.household_no,
        households.village_code,
        households.township_code,
        coalesce(counted.pupil_count, 0) as pupil_count,
        coalesce(counted.compulsory_pupil_count, 0) as compulsory_pupil_count,
        coalesce(counted.boarder_count, 0) as boarder_count,
        households.education_state,
        households.education_reason,
        households.education_source_period,
        households.education_is_carried
    from households
    left join counted
        on
            households.household_key = counted.household_key
            and households.county_code = counted.county_code
            and households.period = counted.period

)

select * from final
