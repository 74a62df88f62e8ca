with

feeds as (

    select * from {{ ref('stg_reference__feed') }}

),

final as (

    select
        department,
        '{{ var("county_code") }}'::text as county_code,
        string_agg(distinct department_zh, '、' order by department_zh) as name_zh,
        count(*)::integer as feed_count
    from feeds
    group by department

)

select * from final
