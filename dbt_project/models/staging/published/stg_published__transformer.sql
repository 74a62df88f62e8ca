{%- set columns = {
    'transformer_no': 'text',
    'county_code': 'text',
    'transformer_name': 'text',
    'org_name': 'text',
    'line_name': 'text',
    'village_code': 'text',
    'ownership_code': 'text',
    'capacity_kva': 'numeric',
    'commissioned_date': 'date',
    'attribute_period': 'text',
} -%}

with

final as (

    {{ select_published(source('published', 'dim_transformer'), columns) }}

)

select * from final
