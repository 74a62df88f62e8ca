-- Every fact row finds its household and, where it names one, its person (P-18).
{%- set facts = [
    ref('fct_register_household'), ref('fct_register_member'), ref('fct_dibao'), ref('fct_insurance'),
    ref('fct_enrolment'), ref('fct_dropout'), ref('fct_house_assessment'), ref('fct_water_supply'),
    ref('fct_power_connection'), ref('fct_household_month'),
] %}
{%- set person_facts = [
    ref('fct_register_member'), ref('fct_insurance'), ref('fct_enrolment'), ref('fct_dropout'),
] %}

with

orphans as (

    {% for fact in facts -%}
    select
        '{{ fact.identifier }}' as fact_name,
        'household_key' as missing_key,
        fact.household_key as key_value
    from {{ fact }} as fact
    left join {{ ref('dim_household') }} as household
        on fact.household_key = household.household_key and fact.county_code = household.county_code
    where household.household_key is null
    union all
    {% endfor -%}
    {% for fact in person_facts -%}
    select
        '{{ fact.identifier }}' as fact_name,
        'person_key' as missing_key,
        fact.person_key as key_value
    from {{ fact }} as fact
    left join {{ ref('dim_person') }} as person
        on fact.person_key = person.person_key and fact.county_code = person.county_code
    where person.person_key is null and fact.person_key is not null
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

)

select * from orphans
