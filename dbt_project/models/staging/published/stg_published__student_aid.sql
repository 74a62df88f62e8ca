with

published as (

    {{ select_published(source('published', 'fct_student_aid'), {
        'household_key': 'bigint',
        'county_code': 'text',
        'period': 'text',
        'person_key': 'bigint',
        'term_code': 'text',
    }) }}

),

final as (

    select
        household_key,
        person_key,
        period,
        term_code
    from published
    where
        period < '{{ var("period") }}'
        and period >= '{{ shift_month(var("period"), -6) }}'

)

select * from final
