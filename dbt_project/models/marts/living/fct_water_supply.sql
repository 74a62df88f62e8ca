with

feed as (

    select * from {{ ref('stg_water__supply') }}

),

link as (

    select * from {{ ref('int_link__supply') }}
    where household_key is not null

),

final as (

    select
        link.household_key,
        feed.county_code,
        feed.period,
        feed.head_id_number_hash,
        feed.member_count,
        feed.supply_mode_code,
        feed.scheme_no,
        feed.source_code,
        feed.is_tap_connected,
        feed.supply_time_code,
        feed.quantity_litres_per_day,
        feed.quantity_rating_code,
        feed.quality_rating_code,
        feed.has_test_report,
        feed.tested_date,
        feed.fetch_minutes,
        feed.fetch_distance_m,
        feed.convenience_rating_code,
        feed.shortage_days,
        feed.cut_days,
        feed.reliability_percent,
        feed.reliability_rating_code,
        feed.verdict_code,
        feed.acceptance_certificate_no,
        feed.acceptance_date,
        feed.solution_code,
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
