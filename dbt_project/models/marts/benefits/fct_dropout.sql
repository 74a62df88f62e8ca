with

feed as (

    select * from {{ ref('stg_education__dropout') }}

),

link as (

    select * from {{ ref('int_link__dropout') }}
    where household_key is not null

),

final as (

    select
        link.household_key,
        feed.county_code,
        feed.period,
        link.person_key,
        feed.id_number_hash,
        feed.school_name,
        feed.grade_no,
        feed.absent_since_date,
        feed.dropout_month,
        feed.reason_code,
        feed.status_code,
        feed.effort_count,
        feed.last_effort_date,
        feed.written_report_no,
        feed.closed_date,
        feed.exemption_document_no,
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
