with

regions as (

    select * from {{ source('reference', 'region') }}

),

final as (

    select
        region_code,
        name,
        level_code,
        parent_code,
        valid_from,
        valid_to,
        successor_code,
        is_poor_village,
        is_ecological_zone,
        is_water_short_zone
    from regions

)

select * from final
