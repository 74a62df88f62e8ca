with

standards as (

    select * from {{ source('reference', 'benefit_standard') }}

),

final as (

    select
        benefit_code,
        class_code,
        region_code,
        valid_from,
        valid_to,
        value_yuan,
        per,
        clause
    from standards

)

select * from final
