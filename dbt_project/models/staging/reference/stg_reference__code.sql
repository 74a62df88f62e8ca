with

code_lists as (

    select * from {{ source('reference', 'code_list') }}

),

final as (

    select
        list_name,
        code,
        label,
        sort_order
    from code_lists

)

select * from final
