with

published as (

    {{ select_published(source('published', 'fct_support_candidate'), {
        'household_key': 'bigint',
        'county_code': 'text',
        'period': 'text',
        'list_id': 'text',
        'household_no': 'text',
        'village_code': 'text',
        'township_code': 'text',
        'verdict': 'text',
        'evidence_present': 'text[]',
        'evidence_missing': 'text[]',
        'first_period': 'text',
        'first_candidate_period': 'text',
        'closed_period': 'text',
        'close_reason': 'text',
    }) }}

),

-- The lists as they stood before this month: the newest month published before it.
newest as (

    select max(period) as period
    from published
    where
        period < '{{ var("period") }}'
        and period >= '{{ shift_month(var("period"), -12) }}'

),

final as (

    select published.*
    from published
    inner join newest on published.period = newest.period
    -- what was closed has had its month
    where published.closed_period is null

)

select * from final
