with

published as (

    {{ select_published(source('published', 'fct_enrolment'), {
        'household_key': 'bigint',
        'county_code': 'text',
        'period': 'text',
        'person_key': 'bigint',
        'term_code': 'text',
        'grade_no': 'integer',
    }) }}

),

final as (

    select
        household_key,
        person_key,
        term_code,
        max(grade_no) as grade_no
    from published
    where
        period < '{{ var("period") }}'
        and period >= '{{ shift_month(var("period"), -12) }}'
        and person_key is not null
        and grade_no is not null
    group by household_key, person_key, term_code

)

select * from final
