with

feed as (

    select * from {{ ref('stg_housing__assessment') }}

),

link as (

    select * from {{ ref('int_link__assessment') }}
    where household_key is not null

),

final as (

    select
        link.household_key,
        feed.county_code,
        feed.period,
        feed.head_id_number_hash,
        feed.member_count,
        feed.household_type_code,
        feed.certificate_no,
        feed.certificate_date,
        feed.house_seq,
        feed.house_use_code,
        feed.assessed_date,
        feed.house_grade_code,
        feed.assessor_name,
        feed.structure_code,
        feed.house_area_m2,
        feed.built_year,
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
