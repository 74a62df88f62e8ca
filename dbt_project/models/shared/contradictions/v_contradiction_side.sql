with

facts as (

    select
        county_code,
        period,
        rule_id,
        subject_kind,
        subject_no,
        side,
        feed_id,
        household_no,
        village_code,
        township_code,
        sees,
        own_statement,
        own_columns,
        own_submission_id,
        own_source_sheet,
        own_source_row,
        other_department,
        other_statement,
        is_owner,
        state,
        opened_period,
        closed_period,
        age_periods
    from {{ published('fct_contradiction_side') }}

),

rules as (

    select
        rule_id,
        county_code,
        name_zh,
        severity,
        statement_a_zh,
        statement_b_zh,
        message_zh,
        closes_when
    from {{ published('dim_rule') }}

),

final as (

    select
        facts.county_code,
        facts.period,
        facts.rule_id,
        facts.subject_kind,
        facts.subject_no,
        facts.side,
        facts.feed_id,
        facts.household_no,
        facts.village_code,
        facts.township_code,
        facts.sees,
        facts.own_statement,
        facts.own_columns,
        facts.own_submission_id,
        facts.own_source_sheet,
        facts.own_source_row,
        facts.other_department,
        facts.other_statement,
        facts.is_owner,
        facts.state,
        facts.opened_period,
        facts.closed_period,
        facts.age_periods,
        rules.name_zh,
        rules.severity,
        rules.closes_when,
        case facts.side when 'a' then rules.statement_a_zh else rules.statement_b_zh end as own_statement_zh,
        case
            when facts.sees in ('D2', 'D3')
                then case facts.side when 'a' then rules.statement_b_zh else rules.statement_a_zh end
        end as other_statement_zh,
        case
            when facts.is_owner then rules.message_zh
            else '请核对本部门的栏目：' || coalesce(facts.own_columns, '')
        end as message_zh
    from facts
    inner join rules on facts.rule_id = rules.rule_id and facts.county_code = rules.county_code

)

select * from final
