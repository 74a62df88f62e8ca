with

items as (

    select * from {{ source('reference', 'zero_item') }}

),

final as (

    select
        item_code,
        measure_code,
        region_code,
        valid_from,
        valid_to,
        position,
        name_zh,
        kind,
        bad_state,
        clause
    from items

)

select * from final
