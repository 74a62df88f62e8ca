{%- set columns = {
    'scheme_no': 'text',
    'county_code': 'text',
    'scheme_name': 'text',
    'scheme_class_code': 'text',
    'supply_mode_code': 'text',
    'intake_code': 'text',
    'management_unit_name': 'text',
    'completed_month': 'text',
    'served_village_count': 'integer',
    'attribute_period': 'text',
} -%}

with

final as (

    {{ select_published(source('published', 'dim_water_scheme'), columns) }}

)

select * from final
