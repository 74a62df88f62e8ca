{%- set stages = {
    'register.household': [
        ref('stg_register__household'), ref('int_link__household'), ref('fct_register_household')
    ],
    'register.member': [ref('stg_register__member'), ref('int_link__member'), ref('fct_register_member')],
    'civil_affairs.dibao': [ref('stg_civil_affairs__dibao'), ref('int_link__dibao'), ref('fct_dibao')],
    'health.insurance': [ref('stg_health__insurance'), ref('int_link__insurance'), ref('fct_insurance')],
    'education.enrolment': [ref('stg_education__enrolment'), ref('int_link__enrolment'), ref('fct_enrolment')],
    'education.dropout': [ref('stg_education__dropout'), ref('int_link__dropout'), ref('fct_dropout')],
    'housing.assessment': [ref('stg_housing__assessment'), ref('int_link__assessment'), ref('fct_house_assessment')],
    'water.supply': [ref('stg_water__supply'), ref('int_link__supply'), ref('fct_water_supply')],
    'power.connection': [ref('stg_power__connection'), ref('int_link__connection'), ref('fct_power_connection')],
    'civil_affairs.tekun': [ref('stg_civil_affairs__tekun'), ref('int_link__tekun'), ref('fct_tekun')],
    'civil_affairs.disability_subsidy': [
        ref('stg_civil_affairs__disability_subsidy'), ref('int_link__disability_subsidy'),
        ref('fct_disability_subsidy')
    ],
    'health.settlement': [ref('stg_health__settlement'), ref('int_link__settlement'), ref('fct_settlement')],
    'health.contract': [ref('stg_health__contract'), ref('int_link__contract'), ref('fct_doctor_contract')],
    'education.aid': [ref('stg_education__aid'), ref('int_link__aid'), ref('fct_student_aid')],
    'housing.renovation': [ref('stg_housing__renovation'), ref('int_link__renovation'), ref('fct_house_renovation')],
} %}
{#- Feeds whose rows belong to villages and transformer districts: they reach no household themselves. -#}
{%- set placed = {
    'water.scheme': [ref('stg_water__scheme'), ref('int_link__scheme'), ref('fct_water_scheme')],
    'power.transformer': [ref('stg_power__transformer'), ref('int_link__transformer'), ref('fct_transformer')],
    'power.outage': [ref('stg_power__outage'), ref('int_link__outage'), ref('fct_outage')],
    'power.voltage': [ref('stg_power__voltage'), ref('int_link__voltage'), ref('fct_voltage')],
} %}
{%- set relations_of = dict(stages, **placed) -%}

with

inputs as (

    select * from {{ ref('int_feed_input') }}

),

submissions as (

    select * from {{ ref('stg_ops__submission') }}

),

households as (

    select * from {{ ref('fct_household_month') }}

),

universe as (

    select count(*)::integer as household_count from households

),

staged as (

    {% for feed_id, relations in relations_of.items() -%}
    select
        '{{ feed_id }}'::text as feed_id,
        count(*)::integer as row_count
    from {{ relations[0] }}
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

link_decisions as (

    {% for feed_id, relations in relations_of.items() -%}
    select
        '{{ feed_id }}'::text as feed_id,
        {{ 'household_key' if feed_id in stages else 'null::bigint' }} as household_key,
        link_status
    from {{ relations[1] }}
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

linked as (

    select
        link_decisions.feed_id,
        (count(*) filter (where link_decisions.link_status = 'linked'))::integer as linked_count,
        (count(*) filter (where link_decisions.link_status <> 'linked'))::integer as unlinked_count,
        count(distinct households.household_key)::integer as reached_count
    from link_decisions
    left join households on link_decisions.household_key = households.household_key
    group by link_decisions.feed_id

),

facts as (

    {% for feed_id, relations in relations_of.items() -%}
    select
        '{{ feed_id }}'::text as feed_id,
        count(*)::integer as row_count
    from {{ relations[2] }}
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

final as (

    select
        inputs.county_code,
        inputs.period,
        inputs.feed_id,
        inputs.submission_id,
        inputs.source_period,
        inputs.is_carried,
        coalesce(submissions.rows_accepted, 0) as accepted_rows,
        staged.row_count as staged_rows,
        coalesce(linked.linked_count, 0) as linked_rows,
        coalesce(linked.unlinked_count, 0) as unlinked_rows,
        coalesce(facts.row_count, 0) as fact_rows,
        universe.household_count as universe_households,
        coalesce(linked.reached_count, 0) as reached_households
    from inputs
    cross join universe
    left join submissions on inputs.submission_id = submissions.submission_id
    left join staged on inputs.feed_id = staged.feed_id
    left join linked on inputs.feed_id = linked.feed_id
    left join facts on inputs.feed_id = facts.feed_id

)

select * from final
