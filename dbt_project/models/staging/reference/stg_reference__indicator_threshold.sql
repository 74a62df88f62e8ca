with

thresholds as (

    select * from {{ source('reference', 'indicator_threshold') }}

),

final as (

    select
        indicator_code,
        region_code,
        valid_from,
        valid_to,
        operator,
        value,
        due_date,
        clause,
        source
    from thresholds

)

select * from final
