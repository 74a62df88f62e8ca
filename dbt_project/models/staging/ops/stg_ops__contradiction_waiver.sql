with

waivers as (

    select * from {{ source('ops', 'contradiction_waiver') }}

),

withdrawals as (

    select * from {{ source('ops', 'contradiction_waiver_withdrawal') }}

),

final as (

    select
        waivers.rule_id,
        waivers.subject_kind,
        waivers.subject_no
    from waivers
    left join withdrawals on waivers.waiver_id = withdrawals.waiver_id
    where
        waivers.county_code = '{{ var("county_code") }}'
        and '{{ var("period") }}' between waivers.from_period and waivers.until_period
        and '{{ var("period") }}' < coalesce(withdrawals.from_period, '9999-12')

)

select * from final
