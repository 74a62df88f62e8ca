with

rules as (

    select * from {{ source('reference', 'rule') }}

),

final as (

    select
        rule_id,
        family,
        name_zh,
        name_en,
        severity,
        dimension,
        subject_kind,
        owner_department,
        feed_a,
        feed_b,
        statement_a_zh,
        statement_b_zh,
        sees_a,
        sees_b,
        columns_a,
        columns_b,
        message_zh,
        closes_when,
        clause,
        may_be_waived,
        not_judged_because
    from rules

)

select * from final
