with

published as (

    {{ select_published(source('published', 'fct_water_supply'), {
        'household_key': 'bigint',
        'county_code': 'text',
        'period': 'text',
        'source_period': 'text',
        'head_id_number_hash': 'text',
        'is_carried': 'boolean',
        'cut_days': 'integer',
    }) }}

),

final as (

    select
        household_key,
        county_code,
        period,
        source_period,
        head_id_number_hash,
        is_carried,
        cut_days
    from published
    where
        period < '{{ var("period") }}'
        and period >= '{{ shift_month(var("period"), -12) }}'

)

select * from final
