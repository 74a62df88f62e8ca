with

feeds as (

    select * from {{ source('reference', 'feed') }}

),

final as (

    select
        feed_id,
        department,
        feed,
        title_zh,
        department_zh,
        semantics,
        due_day,
        is_required
    from feeds

)

select * from final
