{#- Rules whose subject is a member of a household, over the columns of int_xd_person. -#}
{% macro person_rules() -%}
{%- set is_pupil_age = '(is_active and is_of_school_age)' -%}
{{ return([
    {
        'id': 'XD-08', 'needs': ['has_member', 'has_tekun'],
        'scope': 'is_active', 'holds': 'stated_is_tekun = is_supported',
        'a': "case when stated_is_tekun then 'yes' else 'no' end", 'b': "case when is_supported then 'yes' else 'no' end",
        'at_a': 'member_at', 'at_b': 'support_at',
    },
    {
        'id': 'XD-09', 'needs': ['has_member'],
        'scope': "coalesce(member_change_code = '21', false)",
        'holds': 'case when is_paid and months_dead > xd_grace_months then false when months_dead is not null and has_tekun and has_dibao and has_disability then true end',
        'a': 'member_change_month', 'b': "'paid'",
        'at_a': 'member_at', 'at_b': 'coalesce(support_at, subsidy_at, card_at)',
    },
    {
        'id': 'XD-12', 'needs': ['has_member', 'has_tekun'],
        'scope': 'is_active and is_supported',
        'holds': "not (age_years between 18 and 59 and health_status_code = array['1'] and labour_capacity_code in ('1', '2') and not is_pupil)",
        'a': "'supported'", 'b': "'able'", 'at_a': 'support_at', 'at_b': 'member_at',
    },
    {
        'id': 'XD-14', 'needs': ['has_member', 'has_disability'],
        'scope': "is_active and has_certificate and case when has_subsidy_row then not is_subsidy_stopped and coalesce(disability_grade_code in ('1', '2'), false) end",
        'holds': 'care_subsidy_yuan > 0', 'null_fails': true,
        'a': "concat('grade ', disability_grade_code)", 'b': "'none'", 'at_a': 'member_at', 'at_b': 'subsidy_at',
    },
    {
        'id': 'XD-16', 'needs': ['has_insurance', 'has_dibao', 'has_tekun'],
        'scope': "coalesce(premium_aid_code in ('01', '02'), false)",
        'holds': "case when premium_aid_code = '02' then is_on_dibao or was_on_dibao else is_home_supported or was_supported end",
        'a': "case premium_aid_code when '02' then 'dibao' else 'tekun' end", 'b': "'no'", 'at_a': 'insurance_at', 'at_b': 'null',
    },
    {
        'id': 'XD-17', 'needs': ['has_insurance'],
        'scope': 'is_active and (is_on_dibao or is_supported) and is_insured', 'holds': 'premium_self_yuan <= own_premium_limit',
        'a': "'on a roll'", 'b': "'paid'", 'at_a': 'coalesce(support_at, home_card_at)', 'at_b': 'insurance_at',
    },
    {
        'id': 'XD-18', 'needs': ['has_tekun', 'has_dibao', 'has_disability'],
        'scope': 'health_death_month is not null',
        'holds': 'not is_paid or health_months_dead <= xd_grace_months',
        'a': "'verify alive'", 'b': "'paid'", 'at_a': 'death_mark_at', 'at_b': 'coalesce(support_at, subsidy_at, card_at)',
    },
    {
        'id': 'XD-19', 'needs': ['has_member'],
        'scope': 'health_death_month is not null',
        'holds': 'not is_active or health_months_dead < xd_grace_months',
        'a': "'verify alive'", 'b': "'active'", 'at_a': 'death_mark_at', 'at_b': 'member_at',
    },
    {
        'id': 'XD-20', 'needs': ['has_member'],
        'scope': 'coalesce(is_stopped_as_dead, false)', 'holds': 'not is_active or months_stopped_dead < xd_grace_months',
        'a': "'stopped'", 'b': "'active'", 'at_a': 'stop_at', 'at_b': 'member_at',
    },
    {
        'id': 'XD-21', 'needs': ['has_contract'],
        'scope': 'last_followup_date is not null and death_month is not null',
        'holds': month_of('last_followup_date') ~ ' <= death_month',
        'a': month_of('last_followup_date'), 'b': 'death_month', 'at_a': 'contract_at', 'at_b': 'coalesce(member_at, stop_at)',
    },
    {
        'id': 'XD-22', 'needs': ['has_member', 'has_insurance'],
        'scope': 'is_active and (coalesce(stated_is_resident_insured, false) or coalesce(stated_is_employee_insured, false))',
        'holds': 'is_insured',
        'a': "'insured'", 'b': "'not insured'", 'at_a': 'member_at', 'at_b': 'insurance_at',
    },
    {
        'id': 'XD-23', 'needs': ['has_member', 'has_insurance'],
        'scope': 'is_active and coalesce(is_insured, false)',
        'holds': 'case when is_employee_insured then stated_is_employee_insured else stated_is_resident_insured end',
        'null_fails': true,
        'a': "'insured'", 'b': "'not marked'", 'at_a': 'insurance_at', 'at_b': 'member_at',
    },
    {
        'id': 'XD-24', 'needs': ['has_member', 'has_insurance'],
        'scope': 'is_active and case when is_findable then true end',
        'holds': 'coalesce(is_insured or has_insurance_reason, false)',
        'a': "'active'", 'b': "case when is_insured is null then 'no row' else 'no reason' end",
        'at_a': 'member_at', 'at_b': 'insurance_at',
    },
    {
        'id': 'XD-25', 'needs': ['has_member', 'has_contract'],
        'scope': 'is_active and case when is_findable then true end',
        'holds': 'coalesce(is_signed or unsigned_reason_code is not null, false)',
        'a': "'active'", 'b': "case when contract_at is null then 'no row' else 'no reason' end",
        'at_a': 'member_at', 'at_b': 'contract_at',
    },
    {
        'id': 'XD-28', 'needs': ['has_settlement'],
        'scope': 'deductible_abolished and is_active and coalesce(local_stays > 0, false) and (is_on_dibao or is_home_supported)',
        'holds': 'local_deductible_yuan = 0',
        'a': "'charged'", 'b': "'eligible'", 'at_a': 'settlement_at', 'at_b': 'coalesce(support_at, home_card_at)',
    },
    {
        'id': 'XD-29', 'needs': ['has_member', 'has_enrolment', 'has_dropout'],
        'scope': is_pupil_age ~ ' and case when is_findable then true end', 'holds': 'has_roll_row or has_case',
        'a': "concat('age ', age_years)", 'b': "'no row'", 'at_a': 'member_at', 'at_b': 'null',
    },
    {
        'id': 'XD-30', 'needs': ['has_member', 'has_dropout'],
        'scope': 'is_active and coalesce(has_dropped_out, false)',
        'holds': 'school_status_code is null and not_in_school_code is not null',
        'a': "'at school'", 'b': "'open case'", 'at_a': 'member_at', 'at_b': 'case_at',
    },
    {
        'id': 'XD-31', 'needs': ['has_member', 'has_enrolment'],
        'scope': 'is_active and coalesce(is_at_school, false)',
        'holds': "school_status_code is not null and (not_in_school_code is null or not_in_school_code = '06')",
        'a': "'at school'", 'b': "'not at school'", 'at_a': 'enrolment_at', 'at_b': 'member_at',
    },
    {
        'id': 'XD-32', 'needs': ['has_member', 'has_enrolment'],
        'scope': 'has_roll_row', 'holds': 'stated_is_register_student = is_active',
        'a': "case when stated_is_register_student then 'yes' else 'no' end", 'b': "case when is_active then 'yes' else 'no' end",
        'at_a': 'enrolment_at', 'at_b': 'member_at',
    },
    {
        'id': 'XD-33', 'needs': ['has_member', 'has_enrolment'],
        'scope': "is_active and coalesce(is_at_school and stage_code in ('1', '2', '3', '4', '5'), false)",
        'holds': "case when aid_count > 0 then true when has_term_aid and is_aid_due then false end",
        'a': "'at school'", 'b': "'no aid'", 'at_a': 'enrolment_at', 'at_b': 'null',
    },
    {
        'id': 'XD-34', 'needs': ['has_enrolment'],
        'scope': 'aid_count > 0',
        'holds': "coalesce(attends, false) and not coalesce(member_change_code in ('21', '22', '23') and member_change_month < term_from, false)",
        'a': "'aid paid'", 'b': "case when attends then member_change_month else 'not enrolled' end",
        'at_a': 'aid_at', 'at_b': 'enrolment_at',
    },
    {
        'id': 'XD-35', 'needs': ['has_member', 'has_enrolment'],
        'scope': 'is_active and coalesce(is_at_school, false)', 'holds': 'coalesce(work_months, 0) = 0',
        'a': "'at school'", 'b': "'working'", 'at_a': 'enrolment_at', 'at_b': 'member_at',
    },
    {
        'id': 'XD-36', 'needs': ['has_disability', 'has_enrolment', 'has_disabled_marks'],
        'scope': is_pupil_age ~ " and coalesce(disability_grade_code in ('1', '2'), false)",
        'holds': "(is_disabled_student and schooling_mode_code is not null) or roll_reason_code = '02'", 'null_fails': true,
        'a': "concat('grade ', disability_grade_code)", 'b': "'no mode'", 'at_a': 'subsidy_at', 'at_b': 'enrolment_at',
    },
    {
        'id': 'R-CIV-07', 'needs': ['has_tekun', 'has_dibao'],
        'scope': 'is_supported', 'holds': 'not is_lone_holder',
        'a': "'tekun'", 'b': "'dibao'", 'at_a': 'support_at', 'at_b': 'card_at',
    },
    {
        'id': 'R-CIV-10', 'needs': ['has_tekun'],
        'scope': 'is_supported', 'holds': 'support_amount_yuan >= tekun_standard_yuan',
        'a': "'paid'", 'b': "'under the standard'", 'at_a': 'support_at', 'at_b': 'null',
    },
    {
        'id': 'R-HLT-03', 'needs': ['has_insurance'],
        'scope': "coalesce(insured_as = '01', false)", 'holds': 'premium_yuan = resident_premium_yuan',
        'a': "'paid'", 'b': "case when premium_yuan > resident_premium_yuan then 'over the premium' else 'under the premium' end",
        'at_a': 'insurance_at', 'at_b': 'null',
    },
    {
        'id': 'R-EDU-06', 'needs': [],
        'scope': 'aid_at is not null', 'holds': 'off_standard_count = 0',
        'a': "'paid'", 'b': "'not the standard'", 'at_a': 'measured_at', 'at_b': 'null',
    },
]) }}
{%- endmacro %}
