{%- set columns = [
    'transformer_no',
    'county_code',
    'transformer_name',
    'org_name',
    'line_name',
    'village_code',
    'ownership_code',
    'capacity_kva',
    'commissioned_date',
    'attribute_period',
] -%}

with

transformers as (

    select * from {{ ref('fct_transformer') }}

),

present as (

    select
        transformer_no,
        county_code,
        transformer_name,
        org_name,
        line_name,
        village_code,
        ownership_code,
        capacity_kva,
        commissioned_date,
        source_period as attribute_period
    from transformers

),

published as (

    select * from {{ ref('stg_published__transformer') }}

),

{{ newest(present='present', published='published', key='transformer_no', columns=columns) }}

select * from final
