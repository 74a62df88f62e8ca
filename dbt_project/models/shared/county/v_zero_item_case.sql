{#- Indicators of households and persons that an item may count; another measure has no list of households. -#}
{%- set of_households = ['CIV-02', 'HSG-01', 'HSG-02', 'HSG-03', 'WAT-04'] -%}
{%- set of_persons = ['HLT-01', 'EDU-01'] -%}

with

items as (

    select
        item_code,
        measure_code,
        county_code,
        name_zh,
        kind,
        bad_state,
        lead_unit
    from {{ published('dim_zero_item') }}

),

states as (

    select
        county_code,
        period,
        household_key,
        household_no,
        village_code,
        township_code,
        water_state,
        power_state
    from {{ published('fct_household_month') }}

),

households as (

    select
        county_code,
        period,
        household_key,
        {%- for code in of_households %}
        {{ indicator_column(code) }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ published('fct_household_indicator') }}

),

persons as (

    select
        county_code,
        period,
        household_key,
        person_key,
        {%- for code in of_persons %}
        {{ indicator_column(code) }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ published('fct_person_indicator') }}

),

contradictions as (

    select
        county_code,
        period,
        household_key,
        person_key,
        rule_id,
        opened_period
    from {{ published('fct_contradiction') }}
    where state = 'open' and household_key is not null

),

answers as (

    {% for guarantee in ['water', 'power'] -%}
    select
        county_code,
        period,
        household_key,
        null::bigint as person_key,
        '{{ guarantee }}'::text as measure_code,
        {{ guarantee }}_state as state,
        null::text as since_period
    from states
    union all
    {% endfor -%}
    {% for code in of_households -%}
    select
        county_code,
        period,
        household_key,
        null::bigint as person_key,
        '{{ code }}'::text as measure_code,
        {{ indicator_column(code) }} as state,
        null::text as since_period
    from households
    union all
    {% endfor -%}
    {% for code in of_persons -%}
    select
        county_code,
        period,
        household_key,
        person_key,
        '{{ code }}'::text as measure_code,
        {{ indicator_column(code) }} as state,
        null::text as since_period
    from persons
    union all
    {% endfor -%}
    select
        county_code,
        period,
        household_key,
        person_key,
        rule_id as measure_code,
        'open'::text as state,
        opened_period as since_period
    from contradictions

),

final as (

    select
        answers.county_code,
        answers.period,
        items.item_code,
        items.name_zh,
        items.measure_code,
        answers.household_key,
        answers.person_key,
        states.household_no,
        states.village_code,
        states.township_code,
        case when answers.state = 'unknown' then 'unknown' else 'open' end as state,
        answers.since_period,
        items.lead_unit
    from answers
    inner join items
        on
            answers.county_code = items.county_code
            and answers.measure_code = items.measure_code
            and answers.state in (coalesce(items.bad_state, 'open'), 'unknown')
    left join states
        on
            answers.county_code = states.county_code
            and answers.period = states.period
            and answers.household_key = states.household_key

)

select * from final
