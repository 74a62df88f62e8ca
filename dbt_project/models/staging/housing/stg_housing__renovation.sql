with

feed as (

    select * from {{ source('housing', 'renovation') }}

),

pinned as (

    select * from {{ ref('base_ops__build_input') }}

),

final as (

    select
        feed.*,
        pinned.period,
        pinned.source_period,
        pinned.is_carried,
        pinned.age_periods
    from feed
    inner join pinned on feed.submission_id = pinned.submission_id

)

select * from final
