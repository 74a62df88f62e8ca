{{ config(meta={'replicated': true}) }}

with

publications as (

    select * from {{ ref('stg_ops__publication') }}

),

final as (

    select min(period) as next_period
    from publications
    where period > '{{ var("period") }}'

)

select * from final
