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

transformers as (

    select * from {{ ref('int_xd_transformer') }}

),

claims as (

    select * from {{ ref('int_xd_row') }}

),

contradictions as (

    select * from {{ ref('fct_contradiction') }}

),

rules as (

    select * from {{ ref('stg_reference__rule') }}
    where family in ('XD', 'H', 'R')

),

{{ result_counts(household_rules(), 'households', 'households') }},

{{ result_counts(person_rules(), 'persons', 'persons') }},

{{ result_counts([{'id': 'XD-48'}], 'schemes', 'schemes') }},

{{ result_counts(transformer_rules(), 'transformers', 'transformers') }},

counted_rows as (

    select
        rule_id,
        sum(row_count) filter (where result = 'pass') as pass_count,
        sum(row_count) filter (where result = 'fail') as fail_count,
        sum(row_count) filter (where result = 'na') as na_count,
        sum(row_count) filter (where result = 'null') as null_count
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
    select * from counted_transformers
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
        coalesce(counted.pass_count, 0)::integer as pass_count,
        coalesce(counted.fail_count, 0)::integer as fail_count,
        coalesce(counted.na_count, 0)::integer as na_count,
        coalesce(counted.null_count, 0)::integer as null_count,
        coalesce(kept.open_count, 0)::integer as open_count,
        coalesce(kept.waived_count, 0)::integer as waived_count,
        coalesce(kept.opened_count, 0)::integer as opened_count,
        coalesce(kept.closed_count, 0)::integer as closed_count
    from rules
    left join counted on rules.rule_id = counted.rule_id
    left join kept on rules.rule_id = kept.rule_id

)

select * from final
