{%- set columns = {
    'person_key': 'bigint',
    'county_code': 'text',
    'sex_code': 'text',
    'birth_month': 'text',
    'ethnicity_code': 'text',
    'education_level_code': 'text',
    'first_period': 'text',
    'attribute_period': 'text',
} -%}

with

final as (

    {{ select_published(source('published', 'dim_person'), columns) }}

)

select * from final
