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

-- What each region is today, beside what it was in the month: a month rolls up both ways.
versions as (

    select
        region_code,
        county_code,
        valid_from,
        valid_to,
        name,
        township_name,
        current_region_code,
        current_township_code,
        current_township_name
    from {{ published('dim_region_version') }}

),

final as (

    select
        rates.county_code,
        rates.period,
        rates.region_code,
        coalesce(versions.name, regions.name) as region_name,
        rates.level_code,
        coalesce(versions.township_name, regions.township_name) as township_name,
        rates.guarantee,
        rates.universe,
        rates.met,
        rates.unmet,
        rates.unknown,
        rates.rate_min,
        rates.rate_max,
        rates.is_carried,
        versions.current_region_code,
        versions.current_township_code,
        versions.current_township_name
    from rates
    left join regions on rates.region_code = regions.region_code and rates.county_code = regions.county_code
    left join versions
        on
            rates.region_code = versions.region_code
            and rates.county_code = versions.county_code
            and rates.period between versions.valid_from and versions.valid_to

)

select * from final
