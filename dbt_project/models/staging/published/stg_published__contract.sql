with

published as (

    {{ select_published(source('published', 'fct_doctor_contract'), {
        'household_key': 'bigint',
        'county_code': 'text',
        'period': 'text',
        'person_key': 'bigint',
        'unsigned_reason_code': 'text',
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
        -- 01: dead
        and unsigned_reason_code = '01'

)

select * from final
