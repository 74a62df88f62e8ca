with

households as (

    select
        county_code,
        period,
        household_no,
        village_code,
        township_code,
        member_count,
        register_class_code,
        poverty_attribute_code,
        poverty_status_code,
        identified_month,
        exit_month,
        main_cause_code,
        monitor_class_code,
        monitored_month,
        is_risk_removed,
        surveyed_month,
        source_period,
        is_carried,
        household_key
    from {{ published('fct_register_household') }}
    where is_active

),

members as (

    select
        household_key,
        county_code,
        period,
        labour_capacity_code
    from {{ published('fct_register_member') }}
    where is_active

),

people as (

    select
        household_key,
        county_code,
        period,
        count(*)::integer as listed_member_count,
        (count(*) filter (where labour_capacity_code in ('1', '2')))::integer as able_member_count
    from members
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
        coalesce(people.listed_member_count, 0) as listed_member_count,
        coalesce(people.able_member_count, 0) as able_member_count,
        households.register_class_code,
        households.poverty_attribute_code,
        households.poverty_status_code,
        households.identified_month,
        households.exit_month,
        households.main_cause_code,
        households.monitor_class_code,
        households.monitored_month,
        households.is_risk_removed,
        households.surveyed_month,
        households.source_period,
        households.is_carried
    from households
    left join people
        on
            households.household_key = people.household_key
            and households.county_code = people.county_code
            and households.period = people.period

)

select * from final
