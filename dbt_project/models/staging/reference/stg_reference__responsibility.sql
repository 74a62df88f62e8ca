with

responsibilitys as (

    select * from {{ source('reference', 'responsibility') }}

),

final as (

    select
        task_code,
        unit_name,
        valid_from,
        valid_to,
        task_name,
        department,
        role,
        position,
        clause
    from responsibilitys

)

select * from final
