with

figures as (

    select
        county_code,
        period,
        region_code,
        level_code,
        indicator_code,
        part,
        unit_count,
        numerator,
        denominator,
        unknown,
        value,
        value_min,
        value_max,
        verdict,
        threshold_operator,
        threshold_value,
        threshold_due_date,
        threshold_source,
        is_carried,
        is_provisional,
        reason,
        missing_feeds,
        indicator_version
    from {{ published('fct_indicator_month') }}

),

indicators as (

    select
        indicator_code,
        county_code,
        name_zh,
        name_en,
        grain,
        unit,
        direction,
        unknown_rule,
        lead,
        clause
    from {{ published('dim_indicator') }}

),

regions as (

    select
        name,
        township_name,
        region_code,
        county_code
    from {{ published('dim_region') }}

),

final as (

    select
        figures.county_code,
        figures.period,
        figures.region_code,
        regions.name as region_name,
        figures.level_code,
        regions.township_name,
        figures.indicator_code,
        indicators.name_zh,
        indicators.name_en,
        figures.part,
        indicators.grain,
        indicators.unit,
        figures.unit_count,
        figures.numerator,
        figures.denominator,
        figures.unknown,
        figures.value,
        figures.value_min,
        figures.value_max,
        figures.verdict,
        indicators.direction,
        indicators.unknown_rule,
        figures.threshold_operator,
        figures.threshold_value,
        figures.threshold_due_date,
        figures.threshold_source,
        figures.is_carried,
        figures.is_provisional,
        figures.reason,
        figures.missing_feeds,
        indicators.lead,
        left(indicators.clause, 3) as seed,
        substr(indicators.clause, 5) as clause,
        figures.indicator_version
    from figures
    left join regions on figures.region_code = regions.region_code and figures.county_code = regions.county_code
    left join indicators
        on figures.indicator_code = indicators.indicator_code and figures.county_code = indicators.county_code

)

select * from final
