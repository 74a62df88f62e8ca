with

feed as (

    select * from {{ ref('stg_education__enrolment') }}

),

link as (

    select * from {{ ref('int_link__enrolment') }}
    where household_key is not null

),

final as (

    select
        link.household_key,
        feed.county_code,
        feed.period,
        link.person_key,
        feed.id_number_hash,
        feed.term_code,
        feed.stated_is_register_student,
        feed.school_name,
        feed.stage_code,
        feed.grade_no,
        feed.boarding_code,
        feed.schooling_mode_code,
        feed.is_disabled_student,
        feed.attendance_code,
        feed.not_in_school_code,
        feed.leave_until_date,
        feed.school_place_code,
        feed.is_left_behind,
        feed.is_orphan,
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
