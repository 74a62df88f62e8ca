{#- A place's own rows of an item take the place of the country's; rows of other places are not here. -#}
with

items as (

    select * from {{ ref('stg_reference__zero_item') }}

),

responsibilities as (

    select * from {{ ref('stg_reference__responsibility') }}

),

parameters as (

    select
        county_code,
        last_day
    from {{ ref('int_build_parameter') }}

),

valid as (

    select
        items.*,
        parameters.county_code,
        max(items.region_code) over (partition by items.item_code) as nearest
    from items
    inner join parameters
        on
            items.valid_from <= parameters.last_day
            and (items.valid_to is null or items.valid_to >= parameters.last_day)
            and items.region_code in ('', rpad(parameters.county_code, 12, '0'))

),

units as (

    select
        responsibilities.task_code,
        max(responsibilities.unit_name) filter (where responsibilities.role = 'lead') as lead_unit,
        string_agg(responsibilities.unit_name, '、' order by responsibilities.position) filter (
            where responsibilities.role = 'cooperating'
        ) as cooperating_units
    from responsibilities
    inner join parameters
        on
            responsibilities.valid_from <= parameters.last_day
            and (responsibilities.valid_to is null or responsibilities.valid_to >= parameters.last_day)
    group by responsibilities.task_code

),

final as (

    select
        valid.item_code,
        valid.measure_code,
        valid.county_code,
        valid.position,
        valid.name_zh,
        valid.kind,
        valid.bad_state,
        units.lead_unit,
        units.cooperating_units,
        valid.clause
    from valid
    left join units on units.task_code = 'zero_' || valid.item_code
    where valid.region_code = valid.nearest

)

select * from final
