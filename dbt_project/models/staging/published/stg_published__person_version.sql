{%- set columns = {
    'person_key': 'bigint',
    'county_code': 'text',
    'sex_code': 'text',
    'birth_month': 'text',
    'ethnicity_code': 'text',
    'education_level_code': 'text',
    'valid_from': 'text',
    'valid_to': 'text',
} -%}

with

final as (

    {{ select_published(source('published', 'dim_person_version'), columns) }}

)

select * from final
