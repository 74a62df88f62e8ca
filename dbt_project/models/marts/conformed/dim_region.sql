with

regions as (

    select * from {{ ref('int_region') }}

),

final as (

    select
        region_code,
        county_code,
        name,
        level_code,
        parent_code,
        village_code,
        village_name,
        township_code,
        township_name,
        county_region_code,
        county_name,
        is_poor_village,
        is_ecological_zone,
        is_water_short_zone
    from regions

)

select * from final
