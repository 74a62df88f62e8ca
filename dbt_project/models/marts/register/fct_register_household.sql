with

feed as (

    select * from {{ ref('stg_register__household') }}

),

link as (

    select * from {{ ref('int_link__household') }}
    where household_key is not null

),

households as (

    select * from {{ ref('int_household') }}

),

memberships as (

    select * from {{ ref('int_membership') }}

),

-- Active: not struck off, not gone as a whole, and somebody lives there (rules section 0).
peopled as (

    select
        household_key,
        count(*) filter (where is_active) as active_member_count
    from memberships
    group by household_key

),

final as (

    select
        link.household_key,
        feed.county_code,
        feed.period,
        households.village_code,
        households.township_code,
        coalesce(peopled.active_member_count, 0)::integer as active_member_count,
        coalesce(feed.poverty_status_code <> '7', true)
        and coalesce(feed.change_code not in ('21', '22', '23', '24'), true)
        and coalesce(peopled.active_member_count, 0) > 0 as is_active,
        feed.household_no,
        feed.member_count,
        feed.register_class_code,
        feed.poverty_attribute_code,
        feed.poverty_status_code,
        feed.identification_standard_code,
        feed.identified_month,
        feed.exit_month,
        feed.main_cause_code,
        feed.secondary_cause_code,
        feed.monitor_class_code,
        feed.monitored_month,
        feed.risk_code,
        feed.is_risk_removed,
        feed.risk_removed_month,
        feed.risk_removal_code,
        feed.wage_income_yuan,
        feed.business_income_yuan,
        feed.property_income_yuan,
        feed.transfer_income_yuan,
        feed.business_expense_yuan,
        feed.net_income_yuan,
        feed.net_income_per_capita_yuan,
        feed.income_year,
        feed.dibao_income_yuan,
        feed.tekun_income_yuan,
        feed.pension_income_yuan,
        feed.family_planning_income_yuan,
        feed.ecology_income_yuan,
        feed.other_transfer_income_yuan,
        feed.compliant_self_pay_yuan,
        feed.arable_land_mu,
        feed.forest_land_mu,
        feed.returned_forest_mu,
        feed.orchard_mu,
        feed.pasture_mu,
        feed.water_surface_mu,
        feed.house_area_m2,
        feed.stated_is_dangerous_house,
        feed.stated_house_grade_code,
        feed.stated_is_water_safe,
        feed.stated_has_living_power,
        feed.stated_has_production_power,
        feed.stated_has_dropout,
        feed.stated_has_uninsured_member,
        feed.is_food_met,
        feed.is_clothing_met,
        feed.surveyed_month,
        feed.road_distance_km,
        feed.road_type_code,
        feed.fuel_type_code,
        feed.has_sanitary_toilet,
        feed.is_relocated,
        feed.measure_code,
        feed.first_measure_month,
        feed.change_code,
        feed.change_month,
        feed.village_notice_date,
        feed.township_notice_date,
        feed.county_notice_date,
        feed.source_period,
        feed.is_carried,
        feed.age_periods,
        feed.submission_id,
        feed.source_sheet,
        feed.source_row
    from feed
    inner join link
        on
            {{ same_row('feed', 'link') }}
    inner join households on link.household_key = households.household_key
    left join peopled on link.household_key = peopled.household_key

)

select * from final
