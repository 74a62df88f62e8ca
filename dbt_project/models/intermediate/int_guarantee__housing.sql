{{ config(contract={'enforced': true}, meta={'distributed_by': 'household_key'}) }}

with

households as (

    select * from {{ ref('fct_register_household') }}
    where is_active

),

assessments as (

    select * from {{ ref('fct_house_assessment') }}

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

evidence as (

    select
        households.household_key,
        households.county_code,
        households.period,
        households.stated_is_dangerous_house,
        households.house_area_m2,
        ranked.house_grade_code,
        {{ months_between(month_of('ranked.assessed_date'), 'households.period') }} > parameters.house_cert_months
            as is_expired,
        {{ contradicted(
            'households.stated_is_dangerous_house', 'households.surveyed_month', month_of('ranked.assessed_date')
        ) }} as is_contradicted,
        ranked.submission_id as evidence_submission_id,
        ranked.source_sheet as evidence_sheet,
        ranked.source_row as evidence_row
    from households
    cross join parameters
    left join ranked on households.household_key = ranked.household_key and ranked.recency = 1

),

-- Rows 1, 3, 7 and 8 need the tekun roll, the renovation ledger or proof of a move, which are not fed yet.
matched as (

    select
        *,
        case
            when house_grade_code in ('C', 'D') then 2
            when house_grade_code in ('A', 'B') and not is_expired and not is_contradicted then 4
            when house_grade_code in ('A', 'B') and not is_expired then 5
            when house_grade_code in ('A', 'B') then 6
            when house_grade_code is null and (stated_is_dangerous_house or house_area_m2 = 0) then 9
            when house_grade_code is null then 10
        end as table_row
    from evidence

),

judged as (

    select
        *,
        case
            when table_row in (2, 9) then 'unmet'
            when table_row = 4 then 'met'
            when table_row in (5, 6, 10) then 'unknown'
        end as state,
        case table_row
            when 2 then 'dangerous'
            when 4 then 'certified'
            when 5 then 'conflict'
            when 6 then 'stale'
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
