with

codes as (

    select * from {{ ref('stg_reference__code') }}

),

-- Code 0 is none of the list: an ordinary household has no attribute, most have no monitor class.
choices as (

    select
        list_name,
        code,
        label as code_name
    from codes
    where list_name in ('register_class', 'poverty_attribute', 'monitor_class')
    union all
    select
        list_name,
        '0' as code,
        null::text as code_name
    from codes
    where list_name in ('register_class', 'poverty_attribute', 'monitor_class')
    group by list_name

),

final as (

    select
        classes.code || attributes.code || monitors.code as household_type_code,
        '{{ var("county_code") }}'::text as county_code,
        nullif(classes.code, '0') as register_class_code,
        classes.code_name as register_class_name,
        nullif(attributes.code, '0') as poverty_attribute_code,
        attributes.code_name as poverty_attribute_name,
        nullif(monitors.code, '0') as monitor_class_code,
        monitors.code_name as monitor_class_name,
        monitors.code <> '0' as is_monitored
    from choices as classes
    cross join choices as attributes
    cross join choices as monitors
    where
        classes.list_name = 'register_class'
        and attributes.list_name = 'poverty_attribute'
        and monitors.list_name = 'monitor_class'

)

select * from final
