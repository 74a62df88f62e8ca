-- A number has one key for ever (two numbers never share one: macro new_keys), and what rows are linked through has one
-- row for each number, so that no link multiplies a row.
{%- set unique_of = [
    (ref('household_key_map'), ['issuing_authority', 'household_no']),
    (ref('person_key_map'), ['issuing_authority', 'id_number_hash']),
    (ref('int_household'), ['county_code', 'household_no']),
    (ref('int_membership'), ['household_key::text', 'person_key::text']),
    (ref('int_person_household'), ['county_code', 'id_number_hash']),
] %}

with

doubled as (

    {% for relation, key in unique_of -%}
    select
        '{{ relation.identifier }}' as relation_name,
        {{ key | join(" || '/' || ") }} as number_known,
        count(*) as row_count
    from {{ relation }}
    group by {{ key | join(', ') }}
    having count(*) > 1
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

)

select * from doubled
