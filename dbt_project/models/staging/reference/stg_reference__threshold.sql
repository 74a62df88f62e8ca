with

thresholds as (

    select * from {{ source('reference', 'threshold') }}

),

final as (

    select
        parameter_code,
        region_code,
        valid_from,
        valid_to,
        value
    from thresholds

)

select * from final
