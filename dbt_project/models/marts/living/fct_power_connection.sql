with

feed as (

    select * from {{ ref('stg_power__connection') }}

),

link as (

    select * from {{ ref('int_link__connection') }}
    where household_key is not null

),

final as (

    select
        link.household_key,
        feed.county_code,
        feed.period,
        feed.account_no,
        feed.transformer_no,
        feed.supply_voltage_code,
        feed.use_class_code,
        feed.account_status_code,
        feed.power_source_code,
        feed.connected_date,
        feed.has_living_power,
        feed.has_production_power,
        feed.is_low_voltage,
        feed.usage_kwh,
        feed.bill_yuan,
        feed.free_kwh,
        feed.free_power_yuan,
        feed.source_period,
        feed.is_carried,
        feed.age_periods,
        feed.submission_id,
        feed.source_sheet,
        feed.source_row
    from feed
    inner join link
        on
            feed.submission_id = link.submission_id
            and feed.source_sheet = link.source_sheet
            and feed.source_row = link.source_row

)

select * from final
