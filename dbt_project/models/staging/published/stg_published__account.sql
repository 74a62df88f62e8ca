{%- set columns = {
    'account_kind': 'text',
    'account_no': 'text',
    'county_code': 'text',
    'household_key': 'bigint',
    'valid_from': 'text',
    'valid_to': 'text',
} -%}

with

final as (

    {{ select_published(source('published', 'dim_account'), columns) }}

)

select * from final
