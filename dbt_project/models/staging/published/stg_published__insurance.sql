with

published as (

    {{ select_published(source('published', 'fct_insurance'), {
        'household_key': 'bigint',
        'county_code': 'text',
        'period': 'text',
        'person_key': 'bigint',
        'insurance_status_code': 'text',
    }) }}

),

final as (

    select
        household_key,
        person_key,
        period
    from published
    where
        period < '{{ var("period") }}'
        and period >= '{{ shift_month(var("period"), -3) }}'
        -- 11: dead
        and insurance_status_code = '11'

)

select * from final
