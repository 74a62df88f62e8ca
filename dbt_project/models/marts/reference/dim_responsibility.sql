with

responsibilities as (

    select * from {{ ref('stg_reference__responsibility') }}

),

final as (

    select
        task_code,
        '{{ var("county_code") }}'::text as county_code,
        unit_name,
        valid_from,
        valid_to,
        task_name,
        department,
        role,
        role = 'lead' as is_lead,
        position,
        clause
    from responsibilities

)

select * from final
