{#- Persons: the active members of active households. -#}
{%- set indicators = {
    'POV-01': {'counts': "poverty_status_code in ('3', '4') and left(exit_month, 4) = left(period, 4)"},
    'POV-02': {'counts': "poverty_status_code = '5'"},
    'POV-06': {'counts': "poverty_status_code in ('1', '2', '5', '6')"},
    'POV-09': {'counts': "poverty_status_code in ('3', '4') and exit_month <= period"},
    'MON-01': {
        'of': 'monitor_class_code is not null', 'counts': 'is_risk_removed', 'unknown': 'is_risk_removed is null'
    },
    'CIV-04': {
        'of': "household_size = 1 and labour_capacity_code = '5' and (age_years >= 60 or age_years < 16)",
        'counts': "on_tekun = 'yes'", 'unknown': "on_tekun = 'unknown'"
    },
    'HLT-01': {
        'counts': "insurance_status_code in ('01', '02', '03', '04', '05', '13', '14', '18')",
        'unknown': "insurance_status_code is null or insurance_status_code in ('11', '12', '15', '17')"
    },
    'HLT-02': {
        'of': "insurance_status_code = '01'", 'counts': 'has_serious_illness_insurance',
        'unknown': 'has_serious_illness_insurance is null'
    },
    'HLT-03': {
        'of': 'unsigned_reason_code is null',
        'counts': "is_signed and signed_date > last_day - contract_valid_months * interval '1 month'",
        'unknown': 'not has_contract_row'
    },
    'HLT-06': {
        'of': "on_roll = 'yes' and insurance_status_code in ('01', '02', '03', '04', '05')",
        'counts': 'premium_self_yuan <= own_premium_limit', 'unknown': 'premium_self_yuan is null'
    },
    'EDU-01': {
        'of': 'schooling_state is not null', 'counts': "schooling_state = 'unmet'",
        'unknown': "schooling_state = 'unknown'"
    },
    'EDU-03': {
        'of': "attendance_code = '1' and stage_code in ('1', '2', '3', '4', '5')", 'counts': 'has_aid_of_term'
    },
    'EDU-04': {
        'of': "attendance_code = '1' and stage_code = '4'", 'counts': 'grant_of_year_yuan >= senior_grant_yuan'
    },
    'EDU-06': {
        'of': "schooling_state is not null and is_disabled", 'counts': "schooling_state = 'met'",
        'unknown': "schooling_state = 'unknown'"
    },
} -%}
{#- The senior-high grant among the programmes of aid. -#}
{%- set senior_grant = '07' -%}

with

members as (

    select * from {{ ref('fct_register_member') }}
    where is_active

),

households as (

    select * from {{ ref('fct_register_household') }}
    where is_active

),

household_evidence as (

    select
        household_key,
        on_tekun,
        on_roll
    from {{ ref('fct_household_indicator') }}

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

insurances as (

    select distinct on (insured.household_key, insured.person_key) insured.*
    from {{ ref('fct_insurance') }} as insured
    inner join parameters on insured.insurance_year = parameters.insurance_year
    where insured.person_key is not null
    order by insured.household_key asc, insured.person_key asc, insured.source_row desc

),

contracts as (

    select distinct on (signed.household_key, signed.person_key) signed.*
    from {{ ref('fct_doctor_contract') }} as signed
    inner join parameters on signed.contract_year = parameters.insurance_year
    where signed.person_key is not null
    order by signed.household_key asc, signed.person_key asc, signed.source_row desc

),

schooling as (

    select
        household_key,
        person_key,
        state
    from {{ ref('int_guarantee_person__education') }}

),

rolls as (

    select distinct on (household_key, person_key)
        household_key,
        person_key,
        term_code,
        attendance_code,
        stage_code
    from {{ ref('fct_enrolment') }}
    where person_key is not null
    order by household_key asc, person_key asc, term_code desc

),

subsidised as (

    select distinct
        household_key,
        person_key
    from {{ ref('fct_disability_subsidy') }}
    where person_key is not null

),

-- Aid comes month by month: what was paid for the term stands in the months before, too.
aid as (

    select
        household_key,
        person_key,
        term_code,
        programme_code,
        amount_yuan
    from {{ ref('fct_student_aid') }}
    where person_key is not null
    union all
    select
        household_key,
        person_key,
        term_code,
        programme_code,
        amount_yuan
    from {{ ref('stg_published__student_aid') }}
    where person_key is not null

),

aid_of_terms as (

    select
        household_key,
        person_key,
        term_code
    from aid
    group by household_key, person_key, term_code

),

grants as (

    select
        aid.household_key,
        aid.person_key,
        sum(aid.amount_yuan) as amount_yuan
    from aid
    inner join parameters on left(aid.term_code, 4) = left(parameters.term_code, 4)
    where aid.programme_code = '{{ senior_grant }}'
    group by aid.household_key, aid.person_key

),

evidence as (

    select
        members.household_key,
        members.county_code,
        members.period,
        members.person_key,
        members.village_code,
        members.township_code,
        members.labour_capacity_code,
        members.age_years,
        households.active_member_count as household_size,
        households.poverty_status_code,
        households.exit_month,
        households.monitor_class_code,
        households.is_risk_removed,
        household_evidence.on_tekun,
        household_evidence.on_roll,
        parameters.last_day,
        parameters.contract_valid_months,
        parameters.own_premium_limit,
        parameters.senior_grant_yuan,
        insurances.insurance_status_code,
        insurances.has_serious_illness_insurance,
        insurances.premium_self_yuan,
        contracts.person_key is not null as has_contract_row,
        contracts.unsigned_reason_code,
        contracts.is_signed,
        contracts.signed_date,
        schooling.state as schooling_state,
        rolls.attendance_code,
        rolls.stage_code,
        aid_of_terms.term_code is not null as has_aid_of_term,
        coalesce(grants.amount_yuan, 0) as grant_of_year_yuan,
        subsidised.person_key is not null
        or coalesce('4' = any(members.health_status_code), false) as is_disabled
    from members
    inner join households
        on
            members.household_key = households.household_key
            and members.county_code = households.county_code
            and members.period = households.period
    cross join parameters
    left join household_evidence on members.household_key = household_evidence.household_key
    left join insurances
        on members.household_key = insurances.household_key and members.person_key = insurances.person_key
    left join contracts
        on members.household_key = contracts.household_key and members.person_key = contracts.person_key
    left join schooling
        on members.household_key = schooling.household_key and members.person_key = schooling.person_key
    left join rolls
        on members.household_key = rolls.household_key and members.person_key = rolls.person_key
    left join subsidised
        on members.household_key = subsidised.household_key and members.person_key = subsidised.person_key
    left join aid_of_terms
        on
            members.household_key = aid_of_terms.household_key
            and members.person_key = aid_of_terms.person_key
            and rolls.term_code = aid_of_terms.term_code
    left join grants
        on members.household_key = grants.household_key and members.person_key = grants.person_key

),

final as (

    select
        household_key,
        county_code,
        period,
        person_key,
        village_code,
        township_code,
        {{ indicator_states(indicators) }}
    from evidence

)

select * from final
