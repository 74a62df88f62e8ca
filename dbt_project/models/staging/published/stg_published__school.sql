{%- set columns = {
    'school_key': 'bigint',
    'county_code': 'text',
    'school_name': 'text',
    'school_code': 'text',
    'lowest_stage_code': 'text',
    'highest_stage_code': 'text',
    'attribute_period': 'text',
} -%}

with

final as (

    {{ select_published(source('published', 'dim_school'), columns) }}

)

select * from final
