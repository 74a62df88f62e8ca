with

facts as (

    select
        county_code,
        period,
        rule_id,
        subject_kind,
        subject_no,
        household_no,
        village_code,
        township_code,
        owner_department,
        department_a,
        department_b,
        feed_a,
        feed_b,
        statement_a,
        statement_b,
        a_submission_id,
        a_source_sheet,
        a_source_row,
        b_submission_id,
        b_source_sheet,
        b_source_row,
        result,
        state,
        opened_period,
        last_failed_period,
        closed_period,
        close_reason,
        age_periods,
        times_opened
    from {{ published('fct_contradiction') }}

),

rules as (

    select
        rule_id,
        county_code,
        name_zh,
        severity,
        dimension,
        statement_a_zh,
        statement_b_zh,
        message_zh,
        closes_when,
        clause,
        may_be_waived
    from {{ published('dim_rule') }}

),

final as (

    select
        facts.county_code,
        facts.period,
        facts.rule_id,
        facts.subject_kind,
        facts.subject_no,
        facts.household_no,
        facts.village_code,
        facts.township_code,
        facts.owner_department,
        facts.department_a,
        facts.department_b,
        facts.feed_a,
        facts.feed_b,
        facts.statement_a,
        facts.statement_b,
        facts.a_submission_id,
        facts.a_source_sheet,
        facts.a_source_row,
        facts.b_submission_id,
        facts.b_source_sheet,
        facts.b_source_row,
        facts.result,
        facts.state,
        facts.opened_period,
        facts.last_failed_period,
        facts.closed_period,
        facts.close_reason,
        facts.age_periods,
        facts.times_opened,
        rules.name_zh,
        rules.severity,
        rules.dimension,
        rules.statement_a_zh,
        rules.statement_b_zh,
        rules.message_zh,
        rules.closes_when,
        rules.clause,
        rules.may_be_waived
    from facts
    inner join rules on facts.rule_id = rules.rule_id and facts.county_code = rules.county_code

)

select * from final
