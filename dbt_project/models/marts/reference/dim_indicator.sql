with

indicators as (

    select * from {{ ref('stg_reference__indicator') }}

),

final as (

    select
        indicator_code,
        '{{ var("county_code") }}'::text as county_code,
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
        is_first_release,
        not_answerable_because,
        worked_example,
        -- Another definition is another version, whoever forgot to say so.
        left(
            md5(
                concat_ws(
                    '|', grain, formula_class, unit, levels, numerator, denominator, unknown_rule, direction, feeds
                )
            ),
            8
        ) as indicator_version
    from indicators

)

select * from final
