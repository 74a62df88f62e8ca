{%- set columns = {
    'household_key': 'bigint',
    'county_code': 'text',
    'household_no': 'text',
    'village_code': 'text',
    'township_code': 'text',
    'register_class_code': 'text',
    'poverty_attribute_code': 'text',
    'poverty_status_code': 'text',
    'monitor_class_code': 'text',
    'main_cause_code': 'text',
    'secondary_cause_code': 'text[]',
    'risk_code': 'text[]',
    'member_count': 'integer',
    'is_active': 'boolean',
    'is_risk_removed': 'boolean',
    'change_code': 'text',
    'change_month': 'text',
    'monitored_month': 'text',
    'valid_from': 'text',
    'valid_to': 'text',
} -%}

with

final as (

    {{ select_published(source('published', 'dim_household_version'), columns) }}

)

select * from final
