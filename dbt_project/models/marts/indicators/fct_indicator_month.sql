with

counts as (

    select * from {{ ref('int_indicator_count') }}

),

indicators as (

    select * from {{ ref('dim_indicator') }}

),

thresholds as (

    select * from {{ ref('int_indicator_threshold') }}

),

inputs as (

    select * from {{ ref('int_feed_input') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

parameters as (

    select
        county_code,
        period,
        last_day
    from {{ ref('int_build_parameter') }}

),

published as (

    select distinct period from {{ ref('stg_ops__publication') }}
    where period < '{{ var("period") }}'

),

-- Indicators that look back, and how many months before this one they look at.
looks_back as (

    select
        window_of.indicator_code,
        window_of.months > count(published.period) as is_provisional
    from (
        select
            wanted.indicator_code,
            case wanted.since
                when 'year' then extract(month from parameters.last_day)::integer - 1
                when 'school_year' then (extract(month from parameters.last_day)::integer + 3) % 12
                when 'term'
                    then
                        case
                            when extract(month from parameters.last_day) between 2 and 8
                                then extract(month from parameters.last_day)::integer - 2
                            else (extract(month from parameters.last_day)::integer + 3) % 12
                        end
                when 'twelve_months' then 11
            end as months
        from parameters
        cross join (
            values ('EDU-02', 'year'), ('EDU-03', 'term'), ('EDU-04', 'school_year'), ('WAT-05', 'twelve_months')
        ) as wanted (indicator_code, since)
    ) as window_of
    left join published
        on
            {{ months_between('published.period', "'" ~ var('period') ~ "'") }} between 1 and window_of.months
    group by window_of.indicator_code, window_of.months

),

-- The feeds of an indicator, as its row names them; who writes "all" means all.
sources as (

    select
        indicators.indicator_code,
        bool_or(inputs.is_carried) as is_carried,
        bool_or(not inputs.is_received) filter (
            where strpos(indicators.feeds, inputs.feed_id) > 0
        ) as is_missing,
        string_agg(inputs.feed_id, ', ' order by inputs.feed_id) filter (
            where not inputs.is_received and strpos(indicators.feeds, inputs.feed_id) > 0
        ) as missing_feeds
    from indicators
    inner join inputs
        on strpos(indicators.feeds, inputs.feed_id) > 0 or indicators.feeds like 'all%'
    group by indicators.indicator_code

),

-- Every indicator has a row of the county; other levels as far as there is anybody to count.
spread as (

    select
        parameters.county_code,
        parameters.period,
        coalesce(counts.region_code, rpad(parameters.county_code, 12, '0')) as region_code,
        coalesce(counts.level_code, 'county') as level_code,
        indicators.indicator_code,
        indicators.indicator_version,
        indicators.formula_class,
        indicators.unknown_rule,
        indicators.direction,
        indicators.feeds,
        indicators.is_first_release,
        coalesce(counts.part, '') as part,
        coalesce(counts.unit_count, 0) as unit_count,
        coalesce(counts.numerator, 0) as numerator,
        counts.denominator,
        coalesce(counts.unknown, 0) as unknown,
        coalesce(sources.is_carried, false) as is_carried,
        coalesce(sources.is_missing, false) as is_missing,
        sources.missing_feeds
    from indicators
    inner join parameters on indicators.county_code = parameters.county_code
    left join counts
        on
            indicators.indicator_code = counts.indicator_code
            and indicators.county_code = counts.county_code
            and indicators.is_first_release
            and counts.level_code = any(string_to_array(indicators.levels, ';'))
    left join sources on indicators.indicator_code = sources.indicator_code

),

-- Why there is no value. What a state table judges knows itself what is missing (GUA, U1 with its own unknown).
explained as (

    select
        spread.*,
        thresholds.operator as threshold_operator,
        thresholds.threshold_value,
        thresholds.due_date as threshold_due_date,
        thresholds.is_due,
        thresholds.threshold_source,
        case
            when spread.formula_class = 'progress' then thresholds.threshold_value else spread.denominator
        end as divisor,
        case
            when not spread.is_first_release and spread.feeds like '%ref.%' then 'no_reference_row'
            when not spread.is_first_release and spread.feeds like '%*%' then 'feed_not_available'
            when not spread.is_first_release then 'not_answerable'
            when spread.is_missing and spread.indicator_code not like 'GUA-%' then 'feed_not_received'
            -- The feeds are there, and yet something is missing that decision 0030 names.
            when spread.indicator_code in ('CIV-05', 'POV-07') then 'not_computed'
            when spread.unit_count = 0 then 'no_unit'
        end as missing_reason
    from spread
    left join thresholds
        on spread.indicator_code = thresholds.indicator_code and spread.county_code = thresholds.county_code

),

valued as (

    select
        *,
        case
            when missing_reason is null or (missing_reason = 'no_unit' and formula_class = 'count')
                then {{ indicator_value('formula_class', 'numerator', 'divisor') }}
        end as value_now,
        case
            when missing_reason is null or (missing_reason = 'no_unit' and formula_class = 'count')
                then
                    {{ indicator_value(
                        'formula_class',
                        "(numerator + case when unknown_rule in ('U1', 'U2') then unknown else 0 end)",
                        'divisor'
                    ) }}
        end as value_most
    from explained

),

judged as (

    select
        valued.*,
        {{ indicator_verdict(
            'valued.direction', 'valued.threshold_operator', 'valued.threshold_value', 'valued.value_now',
            'valued.value_most',
            "case when valued.direction = 'target' and valued.value_now is not null then valued.numerator"
            ~ " else valued.value_now end",
            'valued.is_due'
        ) }} as verdict
    from valued

),

final as (

    select
        judged.county_code,
        judged.period,
        judged.region_code,
        regions.village_code,
        regions.township_code,
        judged.level_code,
        judged.indicator_code,
        judged.part,
        judged.unit_count,
        case when judged.value_now is not null or judged.missing_reason is null then judged.numerator end as numerator,
        case when judged.value_now is not null or judged.missing_reason is null then judged.divisor end as denominator,
        case when judged.value_now is not null or judged.missing_reason is null then judged.unknown end as unknown,
        judged.value_now::numeric(18, 6) as value,
        judged.value_now::numeric(18, 6) as value_min,
        judged.value_most::numeric(18, 6) as value_max,
        judged.verdict,
        judged.threshold_operator,
        judged.threshold_value,
        judged.threshold_due_date,
        judged.threshold_source,
        judged.is_carried,
        coalesce(looks_back.is_provisional, false) as is_provisional,
        case
            when judged.missing_reason is not null then judged.missing_reason
            when judged.value_now is null then 'no_denominator'
        end as reason,
        case when judged.missing_reason = 'feed_not_received' then judged.missing_feeds end as missing_feeds,
        judged.indicator_version
    from judged
    left join regions on judged.region_code = regions.region_code and judged.county_code = regions.county_code
    left join looks_back on judged.indicator_code = looks_back.indicator_code

)

select * from final
