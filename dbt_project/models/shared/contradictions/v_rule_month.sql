with

facts as (

    select
        county_code,
        period,
        rule_id,
        pass_count,
        fail_count,
        na_count,
        null_count,
        open_count,
        waived_count,
        opened_count,
        closed_count
    from {{ published('fct_rule_month') }}

),

rules as (

    select
        rule_id,
        county_code,
        name_zh,
        owner_department,
        is_judged,
        not_judged_because
    from {{ published('dim_rule') }}

),

final as (

    select
        facts.county_code,
        facts.period,
        facts.rule_id,
        facts.pass_count,
        facts.fail_count,
        facts.na_count,
        facts.null_count,
        facts.open_count,
        facts.waived_count,
        facts.opened_count,
        facts.closed_count,
        rules.name_zh,
        rules.owner_department,
        rules.is_judged,
        rules.not_judged_because,
        (facts.pass_count::numeric / nullif(facts.pass_count + facts.fail_count, 0))::numeric(9, 6) as pass_rate
    from facts
    inner join rules on facts.rule_id = rules.rule_id and facts.county_code = rules.county_code

)

select * from final
