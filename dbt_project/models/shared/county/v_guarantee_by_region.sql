with

rates as (

    select
        county_code,
        period,
        region_code,
        level_code,
        guarantee,
        universe,
        met,
        unmet,
        unknown,
        rate_min,
        rate_max,
        is_carried
    from {{ published('fct_guarantee_region_month') }}

),

regions as (

    select
        name,
        township_name,
        region_code,
        county_code
    from {{ published('dim_region') }}

),

final as (

    select
        rates.county_code,
        rates.period,
        rates.region_code,
        regions.name as region_name,
        rates.level_code,
        regions.township_name,
        rates.guarantee,
        rates.universe,
        rates.met,
        rates.unmet,
        rates.unknown,
        rates.rate_min,
        rates.rate_max,
        rates.is_carried
    from rates
    left join regions on rates.region_code = regions.region_code and rates.county_code = regions.county_code

)

select * from final
