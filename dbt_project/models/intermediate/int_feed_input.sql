{{ config(contract={'enforced': true}, meta={'replicated': true}) }}

with

feeds as (

    select * from {{ ref('stg_reference__feed') }}

),

inputs as (

    select * from {{ ref('base_ops__build_input') }}

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

-- Months passed since the source period, without the months in which schools are closed.
terms as (

    select
        inputs.feed_id,
        count(*) filter (
            where extract(month from passed.month) not in ({{ var('school_break_months') | join(', ') }})
        ) as age_in_term
    from inputs
    inner join
        generate_series(
            '{{ var("period") }}-01'::date - interval '10 years', '{{ var("period") }}-01'::date, interval '1 month'
        ) as passed (month)
        on {{ first_day('inputs.source_period') }} < passed.month
    group by inputs.feed_id

),

final as (

    select
        parameters.county_code,
        parameters.period,
        feeds.feed_id,
        inputs.submission_id,
        inputs.source_period,
        inputs.age_periods,
        coalesce(terms.age_in_term, 0)::integer as age_in_term,
        coalesce(inputs.is_carried, false) as is_carried,
        inputs.feed_id is not null as is_received
    from feeds
    cross join parameters
    left join inputs on feeds.feed_id = inputs.feed_id
    left join terms on feeds.feed_id = terms.feed_id

)

select * from final
