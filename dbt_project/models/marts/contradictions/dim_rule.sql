with

rules as (

    select * from {{ ref('stg_reference__rule') }}

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

final as (

    select
        rules.rule_id,
        '{{ var("county_code") }}'::text as county_code,
        rules.family,
        rules.name_zh,
        rules.name_en,
        rules.severity,
        rules.dimension,
        rules.subject_kind,
        rules.owner_department,
        rules.feed_a,
        rules.feed_b,
        rules.statement_a_zh,
        rules.statement_b_zh,
        rules.sees_a,
        rules.sees_b,
        rules.columns_a,
        rules.columns_b,
        -- a message names its parameters in {braces}; readers see their values
        replace(
            replace(rules.message_zh, '{zero_kwh_months}', coalesce(parameters.zero_kwh_months::text, '')),
            '{connect_days}',
            coalesce(parameters.connect_days::text, '')
        ) as message_zh,
        rules.closes_when,
        rules.clause,
        rules.may_be_waived,
        rules.not_judged_because is null as is_judged,
        rules.not_judged_because
    from rules
    left join parameters on true

)

select * from final
