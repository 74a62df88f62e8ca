with

published as (

    {{ select_published(source('published', 'fct_student_aid'), {
        'household_key': 'bigint',
        'person_key': 'bigint',
        'county_code': 'text',
        'period': 'text',
        'term_code': 'text',
        'programme_code': 'text',
        'amount_yuan': 'numeric',
        'is_carried': 'boolean',
    }) }}

),

-- A school year is twelve months at most.
final as (

    select
        household_key,
        person_key,
        county_code,
        period,
        term_code,
        programme_code,
        amount_yuan
    from published
    where
        period < '{{ var("period") }}'
        and period >= '{{ shift_month(var("period"), -12) }}'
        and not is_carried

)

select * from final
