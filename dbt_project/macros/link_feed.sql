{#-
    The household of every row of a feed, by the paths of the feed specification (section 2). One row out per row in.

    feed            staging relation
    household_no    column with a household number, or none
    id_hash         column with the keyed hash of an ID number, or none; any member of the household answers to it
    id_usable       condition under which that number may be used (a placeholder links nobody)
    path            name of the ID path: person, head or account

    link_status     linked            one household
                    not_in_register   a usable key, but nobody on the register has it
                    no_key            no household number, and no usable ID number
                    conflict          number and ID point to two households: no household is given
                    ambiguous         the ID alone points to two households
-#}
{% macro link_feed(feed, household_no=none, id_hash=none, id_usable="id_link = 'usable'", path=none) -%}
with

feed as (

    select * from {{ feed }}

),

households as (

    select * from {{ ref('int_household') }}

),

{% if id_hash -%}
persons as (

    select * from {{ ref('int_person_household') }}

),

{% endif -%}
keyed as (

    select
        submission_id,
        source_sheet,
        source_row,
        county_code,
        period,
        {{ household_no or 'null::text' }} as stated_household_no,
        {% if id_hash -%}
        case when {{ id_usable }} then {{ id_hash }} end as usable_id_hash
        {%- else -%}
        null::text as usable_id_hash
        {%- endif %}
    from feed

),

candidates as (

    select
        keyed.*,
        households.household_key as direct_household_key,
        {%- if id_hash %}
        persons.household_key as person_household_key,
        persons.person_key,
        coalesce(persons.is_ambiguous, false) as is_ambiguous
        {%- else %}
        null::bigint as person_household_key,
        null::bigint as person_key,
        false as is_ambiguous
        {%- endif %}
    from keyed
    left join households
        on keyed.county_code = households.county_code and keyed.stated_household_no = households.household_no
    {%- if id_hash %}
    left join persons on keyed.county_code = persons.county_code and keyed.usable_id_hash = persons.id_number_hash
    {%- endif %}

),

decided as (

    select
        *,
        case
            when direct_household_key <> person_household_key then 'conflict'
            when direct_household_key is null and is_ambiguous then 'ambiguous'
            when coalesce(direct_household_key, person_household_key) is not null then 'linked'
            when stated_household_no is null and usable_id_hash is null then 'no_key'
            else 'not_in_register'
        end as link_status
    from candidates

),

final as (

    select
        county_code,
        period,
        submission_id,
        source_sheet,
        source_row,
        case when link_status = 'linked' then coalesce(direct_household_key, person_household_key) end as household_key,
        case when link_status = 'linked' then person_key end as person_key,
        link_status,
        case
            when link_status <> 'linked' then null
            when direct_household_key is not null then 'direct'
            else '{{ path or "direct" }}'
        end as link_path
    from decided

)

select * from final
{%- endmacro %}
