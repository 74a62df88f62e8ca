with

published as (

    {{ select_published(source('published', 'fct_power_connection'), {
        'household_key': 'bigint',
        'county_code': 'text',
        'period': 'text',
        'account_status_code': 'text',
        'usage_kwh': 'numeric',
        'is_carried': 'boolean',
    }) }}

),

final as (

    select
        household_key,
        {{ months_between('period', "'" ~ var("period") ~ "'") }} as months_back
    from published
    where
        period < '{{ var("period") }}'
        and period >= '{{ shift_month(var("period"), -6) }}'
        and account_status_code is distinct from '4'
    group by household_key, period
    having bool_and(usage_kwh = 0 and not is_carried)

)

select * from final
