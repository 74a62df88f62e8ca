with

published as (

    {{ select_published(source('published', 'fct_signal'), {
        'household_key': 'bigint',
        'county_code': 'text',
        'period': 'text',
        'signal_id': 'text',
        'household_no': 'text',
        'village_code': 'text',
        'township_code': 'text',
        'level_code': 'text',
        'first_seen_period': 'text',
        'opened_period': 'text',
        'last_seen_period': 'text',
        'closed_period': 'text',
        'close_reason': 'text',
        'times_opened': 'integer',
    }) }}

),

-- The ledger as it stood before this month: the newest month published before it.
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

)

select * from final
