{{ config(contract={'enforced': true}, meta={'distributed_by': 'household_key'}) }}

with

households as (

    select * from {{ ref('fct_register_household') }}
    where is_active

),

assessments as (

    select * from {{ ref('fct_house_assessment') }}

),

renovations as (

    select * from {{ ref('fct_house_renovation') }}
    where progress_code = '3' and accepted_date is not null

),

members as (

    select * from {{ ref('fct_register_member') }}
    where is_active

),

residents as (

    select distinct
        household_key,
        person_key
    from {{ ref('fct_tekun') }}
    where support_mode_code = '1' and stopped_month is null

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

feed_input as (

    select * from {{ ref('int_feed_input') }}
    where feed_id = 'housing.assessment'

),

-- R-HSG-01: a row without certificate, grade, date or assessor is no evidence.
complete as (

    select *
    from assessments
    where
        certificate_no is not null
        and house_grade_code is not null
        and assessed_date is not null
        and assessor_name is not null

),

houses as (

    select
        *,
        bool_or(coalesce(house_use_code = '1', false)) over (
            partition by household_key, head_id_number_hash, house_seq
        ) as is_only_home
    from complete

),

-- The lived-in house: the only home, else the first. Of two assessments on one day the worse grade counts.
ranked as (

    select
        *,
        row_number() over (
            partition by household_key
            order by is_only_home desc, assessed_date desc, house_grade_code desc, source_row desc
        ) as recency
    from houses
    where is_only_home or house_seq = 1

),

accepted as (

    select distinct on (household_key) *
    from renovations
    order by household_key asc, accepted_date desc, source_row desc

),

-- Every active member lives in an institution of the tekun roll.
institutions as (

    select members.household_key
    from members
    left join residents
        on members.household_key = residents.household_key and members.person_key = residents.person_key
    group by members.household_key
    having count(*) = count(residents.person_key)

),

dated as (

    select
        households.household_key,
        households.county_code,
        households.period,
        households.stated_is_dangerous_house,
        households.surveyed_month,
        households.house_area_m2,
        institutions.household_key is not null as is_in_institution,
        ranked.house_grade_code,
        accepted.household_key is not null
        and (ranked.household_key is null or accepted.accepted_date > ranked.assessed_date) as has_later_renovation,
        {{ months_between(month_of('ranked.assessed_date'), 'households.period') }} > parameters.house_cert_months
            as is_assessment_expired,
        {{ month_of('ranked.assessed_date') }} as assessed_month,
        {{ month_of('accepted.accepted_date') }} as accepted_month,
        parameters.house_cert_months,
        ranked.submission_id as assessment_submission_id,
        ranked.source_sheet as assessment_sheet,
        ranked.source_row as assessment_row,
        accepted.submission_id as renovation_submission_id,
        accepted.source_sheet as renovation_sheet,
        accepted.source_row as renovation_row
    from households
    cross join parameters
    left join ranked on households.household_key = ranked.household_key and ranked.recency = 1
    left join accepted on households.household_key = accepted.household_key
    left join institutions on households.household_key = institutions.household_key

),

-- A later renovation decides where the assessment does not: where it is missing, finds danger or is too old.
weighed as (

    select
        *,
        has_later_renovation
        and (house_grade_code is null or house_grade_code in ('C', 'D') or is_assessment_expired) as is_renovated
    from dated

),

evidence as (

    select
        *,
        {{ months_between('case when is_renovated then accepted_month else assessed_month end', 'period') }}
        > house_cert_months as is_expired,
        {{ contradicted(
            'stated_is_dangerous_house', 'surveyed_month',
            'case when is_renovated then accepted_month else assessed_month end'
        ) }} as is_contradicted,
        case when is_renovated then renovation_submission_id else assessment_submission_id end
            as evidence_submission_id,
        case when is_renovated then renovation_sheet else assessment_sheet end as evidence_sheet,
        case when is_renovated then renovation_row else assessment_row end as evidence_row
    from weighed

),

-- Row 8 needs proof of a move, which no feed brings yet.
matched as (

    select
        *,
        case
            when is_in_institution then 1
            when house_grade_code in ('C', 'D') and not is_renovated then 2
            when house_grade_code is null and not is_renovated
                then case when stated_is_dangerous_house or house_area_m2 = 0 then 9 else 10 end
            when is_expired then 6
            when is_contradicted then 5
            when house_grade_code in ('C', 'D') then 3
            when is_renovated then 7
            else 4
        end as table_row
    from evidence

),

judged as (

    select
        *,
        case
            when table_row in (2, 9) then 'unmet'
            when table_row in (1, 3, 4, 7) then 'met'
            else 'unknown'
        end as state,
        case table_row
            when 1 then 'institution'
            when 2 then 'dangerous'
            when 3 then 'renovated'
            when 4 then 'certified'
            when 5 then 'conflict'
            when 6 then 'stale'
            when 7 then 'renovated'
            when 9 then 'declared'
            when 10 then 'no_certificate'
        end as reason,
        coalesce(is_expired, false) as is_stale
    from matched

),

final as (

    select
        {{ guarantee_columns('housing') }}
    from judged
    left join feed_input on true

)

select * from final
