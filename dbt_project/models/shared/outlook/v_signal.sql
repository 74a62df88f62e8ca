with

facts as (

    select
        county_code,
        period,
        household_no,
        village_code,
        township_code,
        signal_id,
        raised_by,
        level_code,
        state,
        is_firing,
        first_seen_period,
        opened_period,
        last_seen_period,
        visit_by,
        closed_period,
        close_reason,
        age_periods,
        times_opened
    from {{ published('fct_signal') }}

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
        facts.signal_id,
        rules.name_zh,
        facts.raised_by,
        facts.level_code,
        facts.state,
        facts.is_firing,
        facts.first_seen_period,
        facts.opened_period,
        facts.last_seen_period,
        facts.visit_by,
        facts.closed_period,
        facts.close_reason,
        facts.age_periods,
        facts.times_opened,
        rules.message_zh,
        rules.closes_when
    from facts
    inner join rules on facts.signal_id = rules.rule_id and facts.county_code = rules.county_code

)

select * from final
