-- Every fact row finds its household and, where it names one, its person (P-18).
{%- set facts = [
    ref('fct_register_household'), ref('fct_register_member'), ref('fct_dibao'), ref('fct_insurance'),
    ref('fct_enrolment'), ref('fct_dropout'), ref('fct_house_assessment'), ref('fct_water_supply'),
    ref('fct_power_connection'), ref('fct_household_month'), ref('fct_tekun'), ref('fct_disability_subsidy'),
    ref('fct_settlement'), ref('fct_doctor_contract'), ref('fct_student_aid'), ref('fct_house_renovation'),
] %}
{%- set person_facts = [
    ref('fct_register_member'), ref('fct_insurance'), ref('fct_enrolment'), ref('fct_dropout'),
    ref('fct_tekun'), ref('fct_disability_subsidy'), ref('fct_settlement'), ref('fct_doctor_contract'),
    ref('fct_student_aid'),
] %}

with

households as (

    select
        household_key,
        county_code
    from {{ ref('dim_household') }}

),

people as (

    select
        person_key,
        county_code
    from {{ ref('dim_person') }}

),

household_references as (

    {% for fact in facts -%}
    select distinct
        '{{ fact.identifier }}' as fact_name,
        household_key,
        county_code
    from {{ fact }}
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

person_references as (

    {% for fact in person_facts -%}
    select distinct
        '{{ fact.identifier }}' as fact_name,
        person_key,
        county_code
    from {{ fact }}
    where person_key is not null
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

orphans as (

    select
        household_references.fact_name,
        household_references.household_key as missing_key
    from household_references
    left join households
        on
            household_references.household_key = households.household_key
            and household_references.county_code = households.county_code
    where households.household_key is null
    union all
    select
        person_references.fact_name,
        person_references.person_key as missing_key
    from person_references
    left join people
        on
            person_references.person_key = people.person_key
            and person_references.county_code = people.county_code
    where people.person_key is null

)

select * from orphans
