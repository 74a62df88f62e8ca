{{ config(meta={'distributed_by': 'household_key'}) }}

{%- set rules = person_rules() %}

with

members as (

    select * from {{ ref('fct_register_member') }}

),

memberships as (

    select * from {{ ref('int_membership') }}

),

households as (

    select * from {{ ref('int_household') }}

),

insurance as (

    select * from {{ ref('fct_insurance') }}

),

contracts as (

    select * from {{ ref('fct_doctor_contract') }}

),

settlements as (

    select * from {{ ref('fct_settlement') }}

),

enrolments as (

    select * from {{ ref('fct_enrolment') }}

),

dropouts as (

    select * from {{ ref('fct_dropout') }}

),

aids as (

    select * from {{ ref('fct_student_aid') }}

),

certificates as (

    select * from {{ ref('fct_dibao') }}

),

certificate_links as (

    select * from {{ ref('int_link__dibao') }}
    where person_key is not null

),

supports as (

    select * from {{ ref('fct_tekun') }}

),

subsidies as (

    select * from {{ ref('fct_disability_subsidy') }}

),

dibao_before as (

    select * from {{ ref('stg_published__dibao') }}

),

tekun_before as (

    select * from {{ ref('stg_published__tekun') }}

),

settled_before as (

    select * from {{ ref('stg_published__settlement') }}

),

contracted_before as (

    select * from {{ ref('stg_published__contract') }}

),

insured_before as (

    select * from {{ ref('stg_published__insurance') }}

),

aided_before as (

    select * from {{ ref('stg_published__student_aid') }}

),

standards as (

    select * from {{ ref('int_benefit_standard') }}

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

inputs as (

    select * from {{ ref('int_feed_input') }}

),

{%- set this_year = "substr(inputs.source_period, 1, 4)::integer = parameters.insurance_year" %}

{{ comparable_feeds({
    'member': {'id': 'register.member'},
    'dibao': {'id': 'civil_affairs.dibao'},
    'tekun': {'id': 'civil_affairs.tekun'},
    'disability': {'id': 'civil_affairs.disability_subsidy'},
    'insurance': {'id': 'health.insurance', 'also': this_year},
    'contract': {'id': 'health.contract', 'also': this_year},
    'settlement': {'id': 'health.settlement'},
    'enrolment': {'id': 'education.enrolment', 'also': term_code('inputs.source_period') ~ ' = parameters.term_code'},
    'dropout': {'id': 'education.dropout'},
}) }},

-- What the offices do not fill in at all cannot be held against a single row.
marked as (

    select coalesce(bool_or(is_disabled_student is not null), false) as has_disabled_marks
    from enrolments

),

insured as (

    select
        insurance.household_key,
        insurance.person_key,
        bool_or(insurance.insurance_status_code in ('01', '02', '03', '04', '05')) as is_insured,
        bool_or(insurance.insurance_status_code in ('02', '03', '05')) as is_employee_insured,
        bool_or(insurance.insurance_status_code between '11' and '18') as has_insurance_reason,
        bool_or(insurance.insurance_status_code = '11') as is_dead,
        max(insurance.premium_aid_code) as premium_aid_code,
        max(insurance.premium_self_yuan) as premium_self_yuan,
        min(insurance.insurance_status_code) as insured_as,
        max(insurance.premium_self_yuan + insurance.premium_aid_yuan) as premium_yuan,
        min({{ at('health.insurance', 'insurance') }}) as insurance_at
    from insurance
    inner join parameters on insurance.insurance_year = parameters.insurance_year
    where insurance.person_key is not null
    group by insurance.household_key, insurance.person_key

),

contracted as (

    select
        contracts.household_key,
        contracts.person_key,
        bool_or(contracts.is_signed) as is_signed,
        max(contracts.unsigned_reason_code) as unsigned_reason_code,
        bool_or(contracts.unsigned_reason_code = '01') as is_dead,
        max(contracts.last_followup_date) as last_followup_date,
        min({{ at('health.contract', 'contracts') }}) as contract_at
    from contracts
    inner join parameters on contracts.contract_year = parameters.insurance_year
    where contracts.person_key is not null
    group by contracts.household_key, contracts.person_key

),

settled as (

    select
        household_key,
        person_key,
        bool_or(outcome_code = '4') as is_dead,
        count(*) filter (where visit_type_code = '1' and care_place_code = '1') as local_stays,
        -- a stay that was reversed and settled anew adds up to what was charged in the end
        sum(deductible_yuan) filter (where visit_type_code = '1' and care_place_code = '1') as local_deductible_yuan,
        min({{ at('health.settlement') }}) as settlement_at
    from settlements
    where person_key is not null
    group by household_key, person_key

),

-- Whom a record of the health offices called dead, and since when: what was said before counts with its month.
called_dead as (

    select
        household_key,
        person_key,
        min(period) as first_period
    from (
        select
            household_key,
            person_key,
            period
        from contracted_before
        union all
        select
            household_key,
            person_key,
            period
        from insured_before
        union all
        select
            household_key,
            person_key,
            period
        from settled_before
        where outcome_code = '4'
    ) as marks
    group by household_key, person_key

),

-- Attendance follows from the reason where the school did not write it.
enrolled as (

    select
        enrolments.household_key,
        enrolments.person_key,
        bool_or({{ attendance('enrolments') }} = '1') as is_at_school,
        bool_or({{ attendance('enrolments') }} not in ('4', '6')) as attends,
        max(enrolments.stage_code) as stage_code,
        bool_or(enrolments.stated_is_register_student) as stated_is_register_student,
        bool_or(enrolments.is_disabled_student) as is_disabled_student,
        max(enrolments.schooling_mode_code) as schooling_mode_code,
        max(enrolments.not_in_school_code) as roll_reason_code,
        min({{ at('education.enrolment', 'enrolments') }}) as enrolment_at
    from enrolments
    inner join parameters on enrolments.term_code = parameters.term_code
    where enrolments.person_key is not null
    group by enrolments.household_key, enrolments.person_key

),

cases as (

    select
        household_key,
        person_key,
        bool_or(status_code in ('2', '3')) as has_dropped_out,
        min({{ at('education.dropout') }}) as case_at
    from dropouts
    where person_key is not null
    group by household_key, person_key

),

tekun_standards as (

    select
        class_code,
        month_yuan
    from standards
    where benefit_code = 'tekun'

),

premium as (

    select max(year_yuan) as resident_premium_yuan
    from standards
    where benefit_code = 'resident_premium'

),

-- Payments of this month's file against the standard of their programme; of a programme without one nothing is said.
measured as (

    select
        aids.household_key,
        aids.person_key,
        count(*) filter (where aids.amount_yuan <> standards.term_yuan) as off_standard_count,
        min({{ at('education.aid', 'aids') }}) as measured_at
    from aids
    inner join standards on aids.programme_code = standards.class_code and standards.benefit_code = 'school_aid'
    where aids.person_key is not null and aids.amount_yuan is not null
    group by aids.household_key, aids.person_key

),

aided as (

    select
        paid.household_key,
        paid.person_key,
        count(*) as aid_count,
        min(paid.aid_at) as aid_at
    from (
        select
            household_key,
            person_key,
            term_code,
            {{ at('education.aid') }} as aid_at
        from aids
        union all
        select
            household_key,
            person_key,
            term_code,
            null as aid_at
        from aided_before
    ) as paid
    inner join parameters on paid.term_code = parameters.term_code
    where paid.person_key is not null
    group by paid.household_key, paid.person_key

),

-- Whether any payment of the term is known at all.
paid_in_term as (

    select count(*) > 0 as has_term_aid from aided

),

homes_on_dibao as (

    select
        household_key,
        min({{ at('civil_affairs.dibao') }}) as home_card_at
    from certificates
    where category_code in ('01', '02') and stopped_month is null
    group by household_key

),

-- Certificates by the person in whose name they are.
holders as (

    select
        certificates.household_key,
        certificate_links.person_key,
        bool_or(certificates.stopped_month is null and certificates.total_amount_yuan > 0) as is_card_paid,
        bool_or(certificates.stopped_month is null and certificates.covered_count = 1) as is_lone_holder,
        bool_or(certificates.stop_reason_code = '1') as is_card_stopped_as_dead,
        max(certificates.stopped_month) filter (where certificates.stop_reason_code = '1') as card_death_month,
        min({{ at('civil_affairs.dibao', 'certificates') }}) as card_at
    from certificates
    inner join certificate_links
        on
            certificates.household_key = certificate_links.household_key
            and {{ same_row('certificates', 'certificate_links') }}
    group by certificates.household_key, certificate_links.person_key

),

supported as (

    select
        household_key,
        person_key,
        bool_or(stopped_month is null) as is_supported,
        bool_or(stopped_month is null and total_amount_yuan > 0) as is_support_paid,
        max(basic_amount_yuan) filter (where stopped_month is null) as support_amount_yuan,
        max(support_mode_code) filter (where stopped_month is null) as support_mode_code,
        bool_or(stop_reason_code = '1') as is_support_stopped_as_dead,
        max(stopped_month) filter (where stop_reason_code = '1') as support_death_month,
        min({{ at('civil_affairs.tekun') }}) as support_at
    from supports
    where person_key is not null
    group by household_key, person_key

),

homes_supported as (

    select distinct household_key
    from supports
    where stopped_month is null

),

subsidised as (

    select
        household_key,
        person_key,
        min(disability_grade_code) as disability_grade_code,
        sum(care_subsidy_yuan) as care_subsidy_yuan,
        bool_and(stopped_month is not null) as is_subsidy_stopped,
        bool_or(stopped_month is null and coalesce(living_subsidy_yuan, 0) + coalesce(care_subsidy_yuan, 0) > 0)
            as is_subsidy_paid,
        min({{ at('civil_affairs.disability_subsidy') }}) as subsidy_at
    from subsidies
    where person_key is not null
    group by household_key, person_key

),

were_on_dibao as (

    select distinct household_key
    from dibao_before
    where period >= '{{ shift_month(var("period"), -12) }}'

),

were_supported as (

    select distinct household_key from tekun_before

),

facts as (

    select
        members.household_key,
        members.person_key,
        members.county_code,
        members.period,
        members.village_code,
        members.township_code,
        households.household_no,
        members.is_active,
        memberships.id_link = 'usable' as is_findable,
        members.age_years,
        members.school_status_code,
        members.not_in_school_code,
        members.health_status_code,
        members.labour_capacity_code,
        coalesce(members.school_status_code > '01', false) as is_pupil,
        members.work_months,
        members.stated_is_resident_insured,
        members.stated_is_employee_insured,
        members.stated_is_tekun,
        members.member_change_code,
        members.member_change_month,
        {{ at('register.member', 'members') }} as member_at,
        {{ age_at('members.birth_date', 'parameters.school_age_date') }} >= parameters.compulsory_age_min
        and members.age_years <= parameters.compulsory_age_max as is_of_school_age,
        -- the register's word of the death first, else that of civil affairs
        coalesce(
            case when members.member_change_code = '21' then members.member_change_month end,
            holders.card_death_month,
            supported.support_death_month
        ) as death_month,
        {{ months_between('members.member_change_month', 'members.period') }} as months_dead,
        coalesce(supported.is_supported, false) as is_supported,
        coalesce(holders.is_lone_holder, false) as is_lone_holder,
        coalesce(supported.is_support_paid, false) or coalesce(holders.is_card_paid, false)
        or coalesce(subsidised.is_subsidy_paid, false) as is_paid,
        coalesce(holders.is_card_stopped_as_dead, false) or coalesce(supported.is_support_stopped_as_dead, false)
            as is_stopped_as_dead,
        {{ months_between('coalesce(holders.card_death_month, supported.support_death_month)', 'members.period') }}
            as months_stopped_dead,
        supported.support_amount_yuan,
        tekun_standards.month_yuan as tekun_standard_yuan,
        holders.card_at,
        supported.support_at,
        case when holders.is_card_stopped_as_dead then holders.card_at else supported.support_at end as stop_at,
        members.has_disability_certificate as has_certificate,
        subsidised.household_key is not null as has_subsidy_row,
        subsidised.disability_grade_code,
        subsidised.care_subsidy_yuan,
        subsidised.is_subsidy_stopped,
        subsidised.subsidy_at,
        homes_on_dibao.household_key is not null as is_on_dibao,
        homes_on_dibao.home_card_at,
        homes_supported.household_key is not null as is_home_supported,
        were_on_dibao.household_key is not null as was_on_dibao,
        were_supported.household_key is not null as was_supported,
        insured.is_insured,
        insured.is_employee_insured,
        insured.has_insurance_reason,
        insured.premium_aid_code,
        insured.premium_self_yuan,
        insured.insured_as,
        insured.premium_yuan,
        premium.resident_premium_yuan,
        insured.insurance_at,
        contracted.is_signed,
        contracted.unsigned_reason_code,
        contracted.last_followup_date,
        contracted.contract_at,
        settled.local_stays,
        settled.local_deductible_yuan,
        settled.settlement_at,
        case
            when contracted.is_dead or insured.is_dead or settled.is_dead
                then coalesce(called_dead.first_period, members.period)
        end as health_death_month,
        {{ months_between('coalesce(called_dead.first_period, members.period)', 'members.period') }}
            as health_months_dead,
        case
            when contracted.is_dead then contracted.contract_at
            when insured.is_dead then insured.insurance_at
            else settled.settlement_at
        end as death_mark_at,
        coalesce(enrolled.household_key is not null, false) as has_roll_row,
        enrolled.is_at_school,
        enrolled.attends,
        enrolled.stage_code,
        enrolled.stated_is_register_student,
        enrolled.is_disabled_student,
        enrolled.schooling_mode_code,
        enrolled.roll_reason_code,
        enrolled.enrolment_at,
        cases.household_key is not null as has_case,
        cases.has_dropped_out,
        cases.case_at,
        coalesce(aided.aid_count, 0) as aid_count,
        aided.aid_at,
        measured.off_standard_count,
        measured.measured_at,
        paid_in_term.has_term_aid,
        marked.has_disabled_marks,
        parameters.last_day
        >= {{ first_day(term_start("'" ~ var('period') ~ "'")) }} + parameters.aid_due_day as is_aid_due,
        {{ term_start("'" ~ var('period') ~ "'") }} as term_from,
        parameters.xd_grace_months,
        parameters.own_premium_limit,
        parameters.deductible_abolished,
        feeds.*
    from members
    cross join parameters
    cross join feeds
    cross join paid_in_term
    cross join marked
    cross join premium
    inner join memberships
        on
            members.household_key = memberships.household_key
            and {{ same_row('members', 'memberships') }}
    inner join households on members.household_key = households.household_key
    left join insured on members.household_key = insured.household_key and members.person_key = insured.person_key
    left join contracted
        on members.household_key = contracted.household_key and members.person_key = contracted.person_key
    left join settled on members.household_key = settled.household_key and members.person_key = settled.person_key
    left join called_dead
        on members.household_key = called_dead.household_key and members.person_key = called_dead.person_key
    left join enrolled on members.household_key = enrolled.household_key and members.person_key = enrolled.person_key
    left join cases on members.household_key = cases.household_key and members.person_key = cases.person_key
    left join measured on members.household_key = measured.household_key and members.person_key = measured.person_key
    left join aided on members.household_key = aided.household_key and members.person_key = aided.person_key
    left join holders on members.household_key = holders.household_key and members.person_key = holders.person_key
    left join supported on members.household_key = supported.household_key and members.person_key = supported.person_key
    left join tekun_standards on supported.support_mode_code = tekun_standards.class_code
    left join subsidised
        on members.household_key = subsidised.household_key and members.person_key = subsidised.person_key
    left join homes_on_dibao on members.household_key = homes_on_dibao.household_key
    left join homes_supported on members.household_key = homes_supported.household_key
    left join were_on_dibao on members.household_key = were_on_dibao.household_key
    left join were_supported on members.household_key = were_supported.household_key

),

judged as (

    select
        *,
        {{ result_columns(rules) }}
    from facts

),

final as (

    select
        household_key,
        person_key,
        county_code,
        period,
        village_code,
        township_code,
        household_no,
        {% for rule in rules -%}
        {{ rule_column(rule) }},
        {% endfor -%}
        {{ statement_columns(rules) }}
    from judged

)

select * from final
