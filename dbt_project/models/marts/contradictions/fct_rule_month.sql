with

households as (

    select * from {{ ref('int_xd_household') }}

),

persons as (

    select * from {{ ref('int_xd_person') }}

),

schemes as (

    select * from {{ ref('int_xd_scheme') }}

),

claims as (

    select * from {{ ref('int_xd_row') }}

),

contradictions as (

    select * from {{ ref('fct_contradiction') }}

),

rules as (

    select * from {{ ref('stg_reference__rule') }}
    where family = 'XD'

),

{{ result_counts(household_rules(), 'households', 'households') }},

{{ result_counts(person_rules(), 'persons', 'persons') }},

{{ result_counts([{'id': 'XD-48'}], 'schemes', 'schemes') }},

counted_rows as (

    select
        rule_id
        {%- for word in ['pass', 'fail', 'na', 'null'] %},
        coalesce(sum(row_count) filter (where result = '{{ word }}'), 0) as {{ word }}_count
        {%- endfor %}
    from claims
    group by rule_id

),

counted as (

    select * from counted_households
    union all
    select * from counted_persons
    union all
    select * from counted_schemes
    union all
    select * from counted_rows

),

kept as (

    select
        rule_id,
        count(*) filter (where state = 'open') as open_count,
        count(*) filter (where state = 'waived') as waived_count,
        count(*) filter (where opened_period = period) as opened_count,
        count(*) filter (where closed_period = period) as closed_count
    from contradictions
    group by rule_id

),

final as (

    select
        '{{ var("county_code") }}'::text as county_code,
        '{{ var("period") }}'::text as period,
        rules.rule_id,
        {%- for word in ['pass', 'fail', 'na', 'null'] %}
        coalesce(counted.{{ word }}_count, 0)::integer as {{ word }}_count,
        {%- endfor %}
        {%- for word in ['open', 'waived', 'opened', 'closed'] %}
        coalesce(kept.{{ word }}_count, 0)::integer as {{ word }}_count{{ ',' if not loop.last }}
        {%- endfor %}
    from rules
    left join counted on rules.rule_id = counted.rule_id
    left join kept on rules.rule_id = kept.rule_id

)

select * from final
