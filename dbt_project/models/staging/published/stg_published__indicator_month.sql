with

published as (

    {{ select_published(source('published', 'fct_indicator_month'), {
        'county_code': 'text',
        'period': 'text',
        'region_code': 'text',
        'level_code': 'text',
        'indicator_code': 'text',
        'part': 'text',
        'numerator': 'numeric',
        'unknown': 'numeric',
        'value': 'numeric',
    }) }}

),

final as (

    select
        county_code,
        period,
        region_code,
        level_code,
        indicator_code,
        part,
        numerator,
        unknown,
        value
    from published
    where
        period < '{{ var("period") }}'
        and period >= '{{ shift_month(var("period"), -12) }}'

)

select * from final
