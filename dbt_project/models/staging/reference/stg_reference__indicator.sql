with

indicators as (

    select * from {{ source('reference', 'indicator') }}

),

final as (

    select
        indicator_code,
        name_zh,
        name_en,
        grain,
        formula_class,
        unit,
        levels,
        numerator,
        denominator,
        unknown_rule,
        direction,
        threshold,
        lead,
        feeds,
        clause,
        worked_example,
        is_first_release,
        not_answerable_because
    from indicators

)

select * from final
