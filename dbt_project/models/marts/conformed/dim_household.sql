with

registered as (

    select * from {{ ref('fct_register_household') }}

),

keys as (

    select * from {{ ref('household_key_map') }}

),

published as (

    select * from {{ ref('stg_published__household') }}

),

present as (

    select
        registered.household_key,
        registered.county_code,
        registered.household_no,
        registered.village_code,
        registered.township_code,
        registered.register_class_code,
        registered.poverty_attribute_code,
        registered.poverty_status_code,
        registered.monitor_class_code,
        registered.main_cause_code,
        registered.secondary_cause_code,
        registered.risk_code,
        registered.member_count,
        registered.is_active,
        keys.first_period,
        registered.source_period as attribute_period
    from registered
    inner join keys on registered.household_key = keys.household_key

),

known as (

    select
        present.*,
        1 as precedence
    from present
    union all
    select
        published.*,
        2 as precedence
    from published

),

-- The newest month wins, so that an old month built again does not turn the dimension back.
ranked as (

    select
        *,
        row_number() over (partition by household_key order by attribute_period desc, precedence asc) as recency
    from known

),

final as (

    select
        household_key,
        county_code,
        household_no,
        village_code,
        township_code,
        register_class_code,
        poverty_attribute_code,
        poverty_status_code,
        monitor_class_code,
        main_cause_code,
        secondary_cause_code,
        risk_code,
        member_count,
        is_active,
        first_period,
        attribute_period
    from ranked
    where recency = 1

)

select * from final
