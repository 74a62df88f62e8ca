with

facts as (

    select
        county_code,
        period,
        rule_id,
        village_code,
        township_code,
        asked_department,
        judged_count,
        hit_count,
        hit_share,
        county_share,
        score,
        place,
        rank_share,
        question_zh
    from {{ published('fct_village_question') }}
    where is_asked

),

rules as (

    select
        rule_id,
        county_code,
        name_zh
    from {{ published('dim_rule') }}

),

final as (

    select
        facts.county_code,
        facts.period,
        facts.rule_id,
        rules.name_zh,
        facts.village_code,
        facts.township_code,
        facts.asked_department,
        facts.judged_count,
        facts.hit_count,
        facts.hit_share,
        facts.county_share,
        facts.score,
        facts.place,
        facts.rank_share,
        facts.question_zh
    from facts
    inner join rules on facts.rule_id = rules.rule_id and facts.county_code = rules.county_code

)

select * from final
