with

published as (

    {{ select_published(source('published', 'fct_settlement'), {
        'household_key': 'bigint',
        'county_code': 'text',
        'period': 'text',
        'person_key': 'bigint',
        'settlement_no': 'text',
        'total_cost_yuan': 'numeric',
        'outcome_code': 'text',
        'self_pay_yuan': 'numeric',
    }) }}

),

final as (

    select
        household_key,
        person_key,
        period,
        settlement_no,
        total_cost_yuan,
        outcome_code,
        self_pay_yuan
    from published
    where
        period < '{{ var("period") }}'
        and period >= '{{ shift_month(var("period"), -11) }}'

)

select * from final
