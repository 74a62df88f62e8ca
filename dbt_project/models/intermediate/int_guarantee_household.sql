{{ config(contract={'enforced': true}, meta={'distributed_by': 'household_key'}) }}

{%- set guarantees = [
    ref('int_guarantee__food'), ref('int_guarantee__clothing'), ref('int_guarantee__education'),
    ref('int_guarantee__medical'), ref('int_guarantee__housing'), ref('int_guarantee__water'),
    ref('int_guarantee__power'),
] %}

with

final as (

    {% for guarantee in guarantees -%}
    select * from {{ guarantee }}
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

)

select * from final
