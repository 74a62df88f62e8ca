with

households as (

    select * from {{ ref('fct_register_household') }}

),

stated as (

    select
        household_key,
        county_code,
        period,
        main_cause_code as cause_code,
        'main' as cause_role
    from households
    union all
    select
        household_key,
        county_code,
        period,
        unnest(secondary_cause_code) as cause_code,
        'other' as cause_role
    from households
    union all
    select
        household_key,
        county_code,
        period,
        unnest(risk_code) as cause_code,
        'risk' as cause_role
    from households

),

final as (

    select distinct
        household_key,
        county_code,
        period,
        cause_code,
        cause_role
    from stated
    where cause_code is not null

)

select * from final
