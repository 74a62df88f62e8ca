with

published as (

    {{ select_published(source('published', 'fct_dibao'), {
        'household_key': 'bigint',
        'county_code': 'text',
        'period': 'text',
        'category_code': 'text',
        'stopped_month': 'text',
        'total_amount_yuan': 'numeric',
    }) }}

),

final as (

    select
        household_key,
        period,
        total_amount_yuan
    from published
    where
        period < '{{ var("period") }}'
        and period >= '{{ shift_month(var("period"), -23) }}'
        and category_code in ('01', '02')
        and stopped_month is null

)

select * from final
