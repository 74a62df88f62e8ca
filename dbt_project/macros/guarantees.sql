{#-
    Last part of every guarantee model: one row per active household, in the shape all of them share.
    `judged` must offer household_key, state, reason, table_row, is_stale and the three evidence columns;
    `feed_id` names the feed the guarantee is read from.
-#}
{% macro guarantee_columns(guarantee, judged='judged', input='feed_input') -%}
        {{ judged }}.household_key,
        {{ judged }}.county_code,
        {{ judged }}.period,
        '{{ guarantee }}'::text as guarantee,
        {{ judged }}.state,
        {{ judged }}.reason,
        {{ judged }}.table_row,
        {{ judged }}.is_stale,
        {{ input }}.source_period,
        {{ input }}.age_periods,
        coalesce({{ input }}.is_carried, false) as is_carried,
        {{ judged }}.evidence_submission_id,
        {{ judged }}.evidence_sheet,
        {{ judged }}.evidence_row
{%- endmacro %}


{#- Food and clothing (indicators 2.1): the visit of the register office is the evidence. -#}
{% macro survey_guarantee(guarantee, is_met) -%}
with

households as (

    select * from {{ ref('fct_register_household') }} where is_active

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

feed_input as (

    select * from {{ ref('int_feed_input') }} where feed_id = 'register.household'

),

dated as (

    select
        households.household_key,
        households.county_code,
        households.period,
        households.{{ is_met }} as is_met,
        {{ months_between('households.surveyed_month', 'households.period') }} as survey_age,
        parameters.survey_carry_months,
        households.age_periods > parameters.carry_register as is_feed_stale,
        households.submission_id as evidence_submission_id,
        households.source_sheet as evidence_sheet,
        households.source_row as evidence_row
    from households
    cross join parameters

),

matched as (

    select
        *,
        coalesce(survey_age > survey_carry_months, false) or is_feed_stale as is_stale,
        case
            when not is_met then 1
            when is_met is null then 5
            when survey_age is null or survey_age < 0 then 4
            when survey_age > survey_carry_months or is_feed_stale then 3
            else 2
        end as table_row
    from dated

),

judged as (

    select
        *,
        case table_row when 1 then 'unmet' when 2 then 'met' else 'unknown' end as state,
        case table_row
            when 1 then 'declared'
            when 2 then 'surveyed'
            when 3 then 'stale'
            when 4 then 'no_date'
            when 5 then 'no_row'
        end as reason
    from matched

),

final as (

    select
        {{ guarantee_columns(guarantee) }}
    from judged
    left join feed_input on true

)

select * from final
{%- endmacro %}


{#-
    From persons to the household (indicators section 2, rule h): Kleene over the persons in scope; nobody in scope is
    met with reason not_applicable. Reason and evidence are those of the first person, in table order, who has the
    state of the household.
-#}
{% macro household_guarantee(guarantee, persons, feed_id) -%}
with

households as (

    select * from {{ ref('fct_register_household') }} where is_active

),

persons as (

    select * from {{ persons }}

),

feed_input as (

    select * from {{ ref('int_feed_input') }} where feed_id = '{{ feed_id }}'

),

combined as (

    select
        household_key,
        {{ kleene_all('state') }} as state
    from persons
    group by household_key

),

ranked as (

    select
        persons.*,
        row_number() over (
            partition by persons.household_key order by persons.table_row, persons.person_key
        ) as place
    from persons
    inner join combined on persons.household_key = combined.household_key and persons.state = combined.state

),

judged as (

    select
        households.household_key,
        households.county_code,
        households.period,
        coalesce(ranked.state, 'met') as state,
        coalesce(ranked.reason, 'not_applicable') as reason,
        ranked.table_row,
        coalesce(ranked.is_stale, false) as is_stale,
        ranked.evidence_submission_id,
        ranked.evidence_sheet,
        ranked.evidence_row
    from households
    left join ranked on households.household_key = ranked.household_key and ranked.place = 1

),

final as (

    select
        {{ guarantee_columns(guarantee) }}
    from judged
    left join feed_input on true

)

select * from final
{%- endmacro %}
