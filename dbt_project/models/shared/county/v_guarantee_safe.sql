with

figures as (

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
        is_hidden,
        is_carried
    from {{ published('fct_guarantee_region_safe') }}

),

regions as (

    select
        name,
        region_code,
        county_code
    from {{ published('dim_region') }}

),

final as (

    select
        figures.county_code,
        figures.period,
        figures.region_code,
        regions.name as region_name,
        figures.level_code,
        figures.guarantee,
        figures.universe,
        figures.met,
        figures.unmet,
        figures.unknown,
        figures.rate_min,
        figures.rate_max,
        figures.is_hidden,
        figures.is_carried
    from figures
    left join regions on figures.region_code = regions.region_code and figures.county_code = regions.county_code

)

select * from final
