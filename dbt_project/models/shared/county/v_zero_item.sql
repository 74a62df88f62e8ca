with

items as (

    select
        item_code,
        measure_code,
        county_code,
        position,
        name_zh,
        kind,
        bad_state,
        lead_unit,
        cooperating_units
    from {{ published('dim_zero_item') }}

),

figures as (

    select
        county_code,
        period,
        indicator_code,
        numerator,
        denominator,
        unknown,
        value
    from {{ published('fct_indicator_month') }}
    where level_code = 'county' and part = ''

),

guarantees as (

    select
        county_code,
        period,
        guarantee,
        unmet,
        unknown
    from {{ published('fct_guarantee_region_month') }}
    where level_code = 'county'

),

rules as (

    select
        county_code,
        period,
        rule_id,
        open_count,
        null_count
    from {{ published('fct_rule_month') }}

),

contradictions as (

    select
        county_code,
        period,
        rule_id,
        min(opened_period) as oldest_period
    from {{ published('fct_contradiction') }}
    where state = 'open'
    group by county_code, period, rule_id

),

months as (

    select distinct
        county_code,
        period
    from figures

),

-- What a measure says in a month: null where nothing answers it.
measured as (

    select
        months.county_code,
        months.period,
        items.item_code,
        items.position,
        items.name_zh,
        items.lead_unit,
        items.cooperating_units,
        items.measure_code,
        contradictions.oldest_period,
        case items.kind
            when 'rule' then rules.open_count::numeric
            when 'guarantee' then guarantees.unmet::numeric
            when 'indicator'
                then
                    case
                        when figures.value is null then null
                        when items.bad_state = 'yes' then figures.numerator
                        else figures.denominator - figures.numerator - figures.unknown
                    end
        end as open_count,
        case items.kind
            when 'rule' then rules.null_count::numeric
            when 'guarantee' then guarantees.unknown::numeric
            when 'indicator' then figures.unknown
        end as unknown_count
    from months
    inner join items on months.county_code = items.county_code
    left join rules
        on
            months.county_code = rules.county_code
            and months.period = rules.period
            and items.measure_code = rules.rule_id
    left join contradictions
        on
            months.county_code = contradictions.county_code
            and months.period = contradictions.period
            and items.measure_code = contradictions.rule_id
    left join guarantees
        on
            months.county_code = guarantees.county_code
            and months.period = guarantees.period
            and items.measure_code = guarantees.guarantee
    left join figures
        on
            months.county_code = figures.county_code
            and months.period = figures.period
            and items.measure_code = figures.indicator_code

),

summed as (

    select
        county_code,
        period,
        item_code,
        position,
        name_zh,
        lead_unit,
        cooperating_units,
        sum(open_count)::bigint as open_count,
        sum(unknown_count) filter (where open_count is not null)::bigint as unknown_count,
        min(oldest_period) as oldest_period,
        count(*) filter (where open_count is null)::integer as unanswered_count,
        string_agg(measure_code, ', ' order by measure_code) filter (where open_count is null) as unanswered_measures
    from measured
    group by county_code, period, item_code, position, name_zh, lead_unit, cooperating_units

),

compared as (

    select
        *,
        lag(open_count) over items_months as previous_count,
        first_value(open_count) over items_months as started_count
    from summed
    window items_months as (partition by county_code, item_code order by period)

),

final as (

    select
        county_code,
        period,
        item_code,
        position,
        name_zh,
        lead_unit,
        cooperating_units,
        open_count,
        unknown_count,
        open_count - previous_count as count_change,
        started_count,
        (1 - open_count::numeric / nullif(started_count, 0))::numeric(9, 4) as progress,
        oldest_period,
        case
            when open_count > 0 then 'unmet'
            when unanswered_count > 0 or unknown_count > 0 then 'unknown'
            else 'cleared'
        end as verdict,
        unanswered_count,
        unanswered_measures
    from compared

)

select * from final
