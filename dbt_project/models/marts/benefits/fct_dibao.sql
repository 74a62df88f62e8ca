with

feed as (

    select * from {{ ref('stg_civil_affairs__dibao') }}

),

link as (

    select * from {{ ref('int_link__dibao') }}
    where household_key is not null

),

final as (

    select
        link.household_key,
        feed.county_code,
        feed.period,
        feed.head_id_number_hash,
        feed.category_code,
        feed.tier_code,
        feed.member_count,
        feed.covered_count,
        feed.monthly_amount_yuan,
        feed.classified_aid_code,
        feed.classified_aid_yuan,
        feed.total_amount_yuan,
        feed.standard_yuan,
        feed.cause_code,
        feed.started_month,
        feed.paid_month,
        feed.paid_date,
        feed.stopped_month,
        feed.stop_reason_code,
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
