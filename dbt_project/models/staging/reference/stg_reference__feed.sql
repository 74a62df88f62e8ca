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
        contract_version,
        is_required
    from feeds

)

select * from final
