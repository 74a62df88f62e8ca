with

codes as (

    select * from {{ ref('stg_reference__code') }}

),

final as (

    select
        code as cause_code,
        '{{ var("county_code") }}'::text as county_code,
        label as name_zh,
        sort_order
    from codes
    where list_name = 'poverty_cause'

)

select * from final
