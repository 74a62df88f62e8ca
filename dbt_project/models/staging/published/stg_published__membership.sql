{%- set columns = {
    'person_key': 'bigint',
    'household_key': 'bigint',
    'county_code': 'text',
    'membership_code': 'text',
    'relation_code': 'text',
    'change_code': 'text',
    'change_month': 'text',
    'valid_from': 'text',
    'valid_to': 'text',
} -%}

with

final as (

    {{ select_published(source('published', 'dim_membership'), columns) }}

)

select * from final
