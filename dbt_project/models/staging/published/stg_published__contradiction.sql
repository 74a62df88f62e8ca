with

published as (

    {{ select_published(source('published', 'fct_contradiction'), {
        'county_code': 'text',
        'period': 'text',
        'rule_id': 'text',
        'subject_kind': 'text',
        'subject_no': 'text',
        'household_key': 'bigint',
        'person_key': 'bigint',
        'household_no': 'text',
        'village_code': 'text',
        'township_code': 'text',
        'feed_a': 'text',
        'feed_b': 'text',
        'statement_a': 'text',
        'statement_b': 'text',
        'a_submission_id': 'text',
        'a_source_sheet': 'text',
        'a_source_row': 'integer',
        'b_submission_id': 'text',
        'b_source_sheet': 'text',
        'b_source_row': 'integer',
        'state': 'text',
        'opened_period': 'text',
        'last_failed_period': 'text',
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
