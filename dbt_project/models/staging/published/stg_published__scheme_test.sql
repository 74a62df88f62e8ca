with

published as (

    {{ select_published(source('published', 'fct_water_scheme'), {
        'county_code': 'text',
        'period': 'text',
        'village_code': 'text',
        'scheme_no': 'text',
        'quality_test_count': 'integer',
        'quality_pass_count': 'integer',
        'submission_id': 'text',
        'source_sheet': 'text',
        'source_row': 'integer',
    }) }}

),

-- With the month under construction these are twelve months.
final as (

    select
        county_code,
        period,
        village_code,
        scheme_no,
        quality_test_count,
        quality_pass_count,
        submission_id,
        source_sheet,
        source_row
    from published
    where
        period < '{{ var("period") }}'
        and period >= '{{ shift_month(var("period"), -11) }}'

)

select * from final
