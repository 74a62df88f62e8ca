with

feed as (

    select * from {{ ref('stg_register__member') }}

),

link as (

    select * from {{ ref('int_link__member') }}
    where household_key is not null

),

memberships as (

    select * from {{ ref('int_membership') }}

),

households as (

    select * from {{ ref('int_household') }}

),

final as (

    select
        link.household_key,
        feed.county_code,
        feed.period,
        households.village_code,
        households.township_code,
        memberships.person_key,
        memberships.is_active,
        coalesce(feed.birth_from_id, feed.birth_date) as birth_date,
        coalesce(feed.sex_from_id, feed.sex_code) as sex_code,
        feed.relation_code,
        feed.ethnicity_code,
        feed.disability_certificate_number_hash is not null as has_disability_certificate,
        feed.education_level_code,
        feed.school_status_code,
        feed.not_in_school_code,
        feed.health_status_code,
        feed.labour_capacity_code,
        feed.work_months,
        feed.work_started_date,
        feed.work_ended_date,
        feed.public_post_months,
        feed.stated_is_resident_insured,
        feed.stated_is_employee_insured,
        feed.stated_has_serious_illness_insurance,
        feed.stated_has_resident_pension,
        feed.stated_has_employee_pension,
        feed.stated_is_dibao,
        feed.stated_is_tekun,
        feed.member_change_code,
        feed.member_change_month,
        {{ age_at('coalesce(feed.birth_from_id, feed.birth_date)', last_day("'" ~ var('period') ~ "'")) }} as age_years,
        feed.source_period,
        feed.is_carried,
        feed.age_periods,
        feed.submission_id,
        feed.source_sheet,
        feed.source_row
    from feed
    inner join link
        on
            {{ same_row('feed', 'link') }}
    inner join memberships
        on
            link.household_key = memberships.household_key
            and {{ same_row('link', 'memberships') }}
    left join households on link.household_key = households.household_key

)

select * from final
