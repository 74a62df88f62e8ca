with

published as (

    {{ select_published(source('published', 'fct_indicator_unit'), {
        'county_code': 'text',
        'period': 'text',
        'indicator_code': 'text',
        'unit_key': 'bigint',
        'unit_period': 'text',
        'village_code': 'text',
        'state': 'text',
        'submission_id': 'text',
        'source_sheet': 'text',
        'source_row': 'integer',
    }) }}

),

-- Certificates of the month before; cases of the year that runs.
final as (

    select
        county_code,
        period,
        indicator_code,
        unit_key,
        unit_period,
        village_code,
        state,
        submission_id,
        source_sheet,
        source_row
    from published
    where
        period < '{{ var("period") }}'
        and (
            (indicator_code = 'CIV-01' and period = '{{ shift_month(var("period"), -1) }}')
            or (
                indicator_code = 'EDU-02'
                and period >= '{{ shift_month(var("period"), -11) }}'
                and left(period, 4) = left('{{ var("period") }}', 4)
            )
        )

)

select * from final
