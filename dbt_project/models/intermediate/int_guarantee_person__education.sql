{{ config(contract={'enforced': true}, meta={'distributed_by': 'household_key'}) }}

with

households as (

    select * from {{ ref('fct_register_household') }}
    where is_active

),

members as (

    select * from {{ ref('fct_register_member') }}
    where is_active

),

enrolments as (

    select * from {{ ref('fct_enrolment') }}

),

dropouts as (

    select * from {{ ref('fct_dropout') }}

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

roll_input as (

    select * from {{ ref('int_feed_input') }}
    where feed_id = 'education.enrolment'

),

case_input as (

    select * from {{ ref('int_feed_input') }}
    where feed_id = 'education.dropout'

),

-- The roll counts while it is within the carry limit AND of the term that runs: spring says nothing of autumn.
feeds as (

    select
        parameters.*,
        coalesce(
            roll_input.is_received
            and roll_input.age_in_term <= parameters.carry_education
            and {{ term_code('roll_input.source_period') }} = parameters.term_code,
            false
        ) as is_roll_current,
        coalesce(case_input.is_received and case_input.age_in_term <= parameters.carry_education, false)
            as is_ledger_current
    from parameters
    left join roll_input on true
    left join case_input on true

),

-- A member whose birth date nobody knows may be a child: the state is then unknown, never "no child".
children as (

    select
        members.household_key,
        members.county_code,
        members.period,
        members.person_key,
        members.birth_date is null as is_age_unknown,
        members.not_in_school_code as stated_reason_code,
        households.surveyed_month,
        feeds.last_day,
        feeds.term_code,
        feeds.is_roll_current,
        feeds.is_ledger_current
    from members
    inner join households
        on
            members.household_key = households.household_key
            and members.county_code = households.county_code
            and members.period = households.period
    cross join feeds
    where
        members.birth_date is null
        or (
            {{ age_at('members.birth_date', 'feeds.school_age_date') }} >= feeds.compulsory_age_min
            and {{ age_at('members.birth_date', 'feeds.last_day') }} <= feeds.compulsory_age_max
        )

),

cases as (

    select
        household_key,
        person_key,
        bool_or(status_code in ('2', '3')) as has_dropout,
        bool_or(status_code = '1') as has_suspicion,
        bool_or(exemption_document_no is not null) as has_document,
        min(submission_id) as submission_id,
        min(source_sheet) as source_sheet,
        min(source_row) filter (where status_code in ('1', '2', '3')) as source_row
    from dropouts
    where person_key is not null
    group by household_key, person_key

),

-- Attendance follows from the reason where the school did not write it.
rolls as (

    select
        *,
        coalesce(
            attendance_code,
            case
                when not_in_school_code is null or not_in_school_code = '06' then '1'
                when not_in_school_code in ('01', '02') then '4'
                when not_in_school_code = '07' then '5'
                when not_in_school_code = '08' then '2'
            end
        ) as effective_attendance_code,
        row_number() over (partition by household_key, person_key order by term_code desc) as recency
    from enrolments
    where person_key is not null

),

evidence as (

    select
        children.*,
        coalesce(cases.has_dropout, false) as has_dropout,
        coalesce(cases.has_suspicion, false) as has_suspicion,
        coalesce(cases.has_document, false) as has_document,
        coalesce(children.is_roll_current and rolls.term_code = children.term_code, false) as has_current_row,
        rolls.effective_attendance_code,
        rolls.not_in_school_code,
        rolls.stage_code,
        rolls.leave_until_date,
        {{ contradicted(
            "children.stated_reason_code <> '06'", 'children.surveyed_month', 'rolls.source_period'
        ) }} as is_contradicted,
        case when cases.source_row is null then rolls.submission_id else cases.submission_id end
            as evidence_submission_id,
        case when cases.source_row is null then rolls.source_sheet else cases.source_sheet end as evidence_sheet,
        coalesce(cases.source_row, rolls.source_row) as evidence_row
    from children
    left join cases on children.household_key = cases.household_key and children.person_key = cases.person_key
    left join rolls
        on
            children.household_key = rolls.household_key
            and children.person_key = rolls.person_key
            and rolls.recency = 1

),

-- Rows of the truth table in their order; 0 is the member without a birth date.
matched as (

    select
        *,
        case
            when is_age_unknown then 0
            when has_dropout then 1
            when has_suspicion then 2
            when not is_ledger_current and coalesce(not_in_school_code not in ('03', '04', '05'), true) then 3
            when has_current_row and effective_attendance_code = '1' and not is_contradicted then 4
            when has_current_row and effective_attendance_code = '1' then 5
            when has_current_row and effective_attendance_code = '5' and stage_code = '3' then 6
            when has_current_row and effective_attendance_code in ('2', '3', '4') and (
                (not_in_school_code is not null and leave_until_date >= last_day) or has_document
            ) then 7
            when has_current_row and effective_attendance_code in ('2', '3', '4') then 8
            when not_in_school_code in ('03', '04', '05') then 9
            when has_current_row then 10
            when is_roll_current and stated_reason_code in ('03', '04', '05') then 11
            when is_roll_current then 12
            else 13
        end as table_row
    from evidence

),

final as (

    select
        household_key,
        county_code,
        period,
        person_key,
        case
            when table_row in (1, 9, 11) then 'unmet'
            when table_row in (4, 6, 7) then 'met'
            else 'unknown'
        end as state,
        case table_row
            when 0 then 'no_birth_date'
            when 1 then 'dropout'
            when 2 then 'suspected'
            when 3 then 'stale'
            when 4 then 'at_school'
            when 5 then 'conflict'
            when 6 then 'finished'
            when 7 then 'explained'
            when 8 then 'document'
            when 9 then 'declared'
            when 10 then 'not_located'
            when 11 then 'declared'
            when 12 then 'not_found'
            when 13 then 'stale'
        end as reason,
        table_row,
        table_row in (3, 13)
        or (table_row in (1, 2) and not is_ledger_current)
        or (table_row = 9 and not has_current_row) as is_stale,
        evidence_submission_id,
        evidence_sheet,
        evidence_row
    from matched

)

select * from final
