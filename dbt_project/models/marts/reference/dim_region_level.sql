with

levels as (

    select * from {{ ref('stg_reference__region_level') }}
    where {{ covers_county('region_code') }}

),

final as (

    select distinct on (level_code)
        level_code,
        '{{ var("county_code") }}'::text as county_code,
        name,
        rank
    from levels
    order by level_code asc, {{ nearness('region_code') }} desc

)

select * from final
