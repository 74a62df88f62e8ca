with

published as (

    {{ select_published(source('published', 'fct_tekun'), {
        'household_key': 'bigint',
        'county_code': 'text',
        'period': 'text',
        'stopped_month': 'text',
    }) }}

),

final as (

    select
        household_key,
        period
    from published
    where
        period < '{{ var("period") }}'
        and period >= '{{ shift_month(var("period"), -12) }}'
        and stopped_month is null

)

select * from final
