{%- set guarantees = ['food', 'clothing', 'education', 'medical', 'housing', 'water', 'power'] -%}

with

households as (

    select
        household_key,
        county_code,
        period,
        household_no,
        village_code,
        township_code,
        {%- for guarantee in guarantees %}
        {{ guarantee }}_state,
        {{ guarantee }}_reason,
        {%- endfor %}
        five_state,
        seven_state,
        on_dibao
    from {{ published('fct_household_month') }}

),

registered as (

    select
        household_key,
        county_code,
        period,
        is_active,
        register_class_code,
        poverty_status_code,
        identified_month,
        exit_month,
        monitor_class_code,
        monitored_month,
        is_risk_removed,
        risk_code,
        main_cause_code,
        secondary_cause_code,
        wage_income_yuan,
        business_income_yuan,
        property_income_yuan,
        transfer_income_yuan,
        net_income_yuan,
        net_income_per_capita_yuan,
        income_year,
        arable_land_mu,
        house_area_m2,
        is_relocated,
        measure_code,
        source_period,
        is_carried
    from {{ published('fct_register_household') }}

),

members as (

    select
        household_key,
        county_code,
        period,
        is_active,
        labour_capacity_code,
        school_status_code,
        has_disability_certificate
    from {{ published('fct_register_member') }}

),

regions as (

    select
        village_name,
        township_name,
        region_code,
        county_code
    from {{ published('dim_region') }}

),

people as (

    {{ card_people('members') }}

),

final as (

    select
        households.county_code,
        households.period,
        households.household_no,
        households.village_code,
        regions.village_name,
        households.township_code,
        regions.township_name,
        coalesce(people.person_count, 0) as person_count,
        coalesce(people.labour_count, 0) as labour_count,
        coalesce(people.pupil_count, 0) as pupil_count,
        coalesce(people.disabled_count, 0) as disabled_count,
        registered.register_class_code,
        registered.poverty_status_code,
        registered.identified_month,
        registered.exit_month,
        registered.monitor_class_code,
        registered.monitored_month,
        registered.is_risk_removed,
        registered.risk_code,
        registered.main_cause_code,
        registered.secondary_cause_code,
        registered.wage_income_yuan,
        registered.business_income_yuan,
        registered.property_income_yuan,
        registered.transfer_income_yuan,
        registered.net_income_yuan,
        registered.net_income_per_capita_yuan,
        registered.income_year,
        registered.arable_land_mu,
        registered.house_area_m2,
        registered.is_relocated,
        registered.measure_code,
        {%- for guarantee in guarantees %}
        households.{{ guarantee }}_state,
        households.{{ guarantee }}_reason,
        {%- endfor %}
        households.five_state,
        households.seven_state,
        households.on_dibao,
        registered.source_period as updated_period,
        registered.is_carried
    from households
    inner join registered
        on
            households.household_key = registered.household_key
            and households.county_code = registered.county_code
            and households.period = registered.period
    left join people
        on
            households.household_key = people.household_key
            and households.county_code = people.county_code
            and households.period = people.period
    left join regions
        on households.village_code = regions.region_code and households.county_code = regions.county_code

)

select * from final
