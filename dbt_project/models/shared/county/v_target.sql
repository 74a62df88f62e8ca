with

figures as (

    select
        county_code,
        period,
        region_code,
        indicator_code,
        numerator,
        denominator,
        value,
        verdict,
        threshold_value,
        threshold_due_date,
        threshold_source,
        is_provisional,
        reason
    from {{ published('fct_indicator_month') }}
    where level_code = 'county' and part = '' and threshold_value is not null

),

indicators as (

    select
        indicator_code,
        county_code,
        name_zh,
        unit,
        lead,
        clause
    from {{ published('dim_indicator') }}
    where direction = 'target'

),

final as (

    select
        figures.county_code,
        figures.period,
        figures.indicator_code,
        indicators.name_zh,
        indicators.unit,
        figures.threshold_value as target_value,
        figures.numerator as reached_value,
        figures.threshold_value - figures.numerator as shortfall,
        figures.value as progress,
        figures.threshold_due_date as due_date,
        figures.verdict,
        figures.is_provisional,
        figures.reason,
        indicators.lead,
        indicators.clause,
        figures.threshold_source
    from figures
    inner join indicators
        on figures.indicator_code = indicators.indicator_code and figures.county_code = indicators.county_code

)

select * from final
