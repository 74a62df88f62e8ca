with

regions as (

    select * from {{ ref('int_region') }}

),

levels as (

    select * from {{ ref('dim_region_level') }}

),

final as (

    select
        regions.region_code,
        regions.county_code,
        regions.name,
        regions.level_code,
        regions.parent_code,
        regions.village_code,
        regions.village_name,
        regions.township_code,
        regions.township_name,
        regions.county_region_code,
        regions.county_name,
        regions.is_poor_village,
        regions.is_ecological_zone,
        regions.is_water_short_zone,
        levels.name as level_name
    from regions
    left join levels on regions.level_code = levels.level_code

)

select * from final
