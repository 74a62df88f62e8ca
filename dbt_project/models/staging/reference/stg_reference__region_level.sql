with

region_levels as (

    select * from {{ source('reference', 'region_level') }}

),

final as (

    select
        level_code,
        region_code,
        name,
        rank
    from region_levels

)

select * from final
