with

feeds as (

    select * from {{ ref('stg_reference__feed') }}

),

final as (

    select
        feed_id,
        '{{ var("county_code") }}'::text as county_code,
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
