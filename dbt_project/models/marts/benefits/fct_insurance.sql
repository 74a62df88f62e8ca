with

feed as (

    select * from {{ ref('stg_health__insurance') }}

),

link as (

    select * from {{ ref('int_link__insurance') }}
    where household_key is not null

),

final as (

    select
        link.household_key,
        feed.county_code,
        feed.period,
        link.person_key,
        feed.id_number_hash,
        feed.insurance_year,
        feed.insurance_status_code,
        feed.premium_self_yuan,
        feed.premium_aid_yuan,
        feed.paid_date,
        feed.premium_aid_code,
        feed.is_family_account_paid,
        feed.has_serious_illness_insurance,
        feed.has_supplementary_insurance,
        feed.has_medical_aid,
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
