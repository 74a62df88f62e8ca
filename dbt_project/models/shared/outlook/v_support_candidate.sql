with

facts as (

    select
        county_code,
        period,
        household_no,
        village_code,
        township_code,
        list_id,
        decided_by,
        verdict,
        evidence_present,
        evidence_missing,
        first_period,
        first_candidate_period,
        decide_by,
        state,
        closed_period,
        close_reason,
        age_periods
    from {{ published('fct_support_candidate') }}

),

rules as (

    select
        rule_id,
        county_code,
        name_zh,
        message_zh,
        closes_when
    from {{ published('dim_rule') }}

),

final as (

    select
        facts.county_code,
        facts.period,
        facts.household_no,
        facts.village_code,
        facts.township_code,
        facts.list_id,
        rules.name_zh,
        facts.decided_by,
        facts.verdict,
        facts.evidence_present,
        facts.evidence_missing,
        facts.first_period,
        facts.first_candidate_period,
        facts.decide_by,
        facts.state,
        facts.closed_period,
        facts.close_reason,
        facts.age_periods,
        rules.message_zh,
        rules.closes_when
    from facts
    inner join rules on facts.list_id = rules.rule_id and facts.county_code = rules.county_code

)

select * from final
