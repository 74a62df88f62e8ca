{#- Rules whose subject is a household, over the columns of int_xd_household; the register's own come last. -#}
{% macro household_rules() -%}
{%- set on_roll = '(card_count > 0 or supported_count > 0)' -%}
{%- set on_some_roll = "case when card_count > 0 or supported_count > 0 then true when has_dibao and has_tekun then false end" -%}
{%- set is_low = "(house_grade in ('C', 'D') and not is_renovated)" -%}
{%- set is_out = "(is_active and (coalesce(poverty_status_code in ('3', '4'), false) or coalesce(is_risk_removed, false)))" -%}
{{ return([
    {
        'id': 'XD-04', 'needs': ['has_member', 'has_dibao'],
        'scope': 'is_active and (marked_count > 0 or case when unmarked_count > 0 then null else false end)',
        'holds': 'card_count > 0',
        'a': "'yes'", 'b': "'no'", 'at_a': 'member_at', 'at_b': 'card_at',
    },
    {
        'id': 'XD-05', 'needs': ['has_member', 'has_dibao'],
        'scope': 'is_active and card_count > 0',
        'holds': 'case when unmarked_count = 0 then marked_count = covered_count end',
        'a': 'covered_count', 'b': 'marked_count', 'at_a': 'card_at', 'at_b': 'member_at',
    },
    {
        'id': 'XD-06', 'needs': ['has_household', 'has_dibao'],
        'scope': 'is_active and card_count > 0',
        'holds': 'covered_count <= member_count and family_count = member_count',
        'a': "concat(family_count, '/', covered_count)", 'b': 'member_count', 'at_a': 'card_at', 'at_b': 'register_at',
    },
    {
        'id': 'XD-07', 'needs': ['has_household', 'has_dibao'],
        'scope': 'is_active and case when dibao_income_yuan is not null then dibao_year_months = 12 or null end',
        'holds': 'abs(dibao_income_yuan - dibao_year_yuan) <= greatest(amount_tol_abs, amount_tol_rel * dibao_year_yuan)',
        'a': "'stated'", 'b': "case when dibao_year_yuan > dibao_income_yuan then 'higher' else 'lower' end",
        'at_a': 'register_at', 'at_b': 'card_at',
    },
    {
        'id': 'XD-10', 'needs': ['has_member'],
        'scope': 'is_active and able_count = 0 and working_count = 0 and case when unsure_labour_count = 0 then true end',
        'holds': on_some_roll,
        'a': "concat('labour ', worst_labour_code)", 'b': "'no'", 'at_a': 'member_at', 'at_b': 'null',
    },
    {
        'id': 'XD-11', 'needs': ['has_household', 'has_member'],
        'scope': "is_active and active_count = 1 and (oldest_age >= 60 or oldest_age < 16) and worst_labour_code = '5'",
        'holds': on_some_roll,
        'a': "'alone'", 'b': "'no'", 'at_a': 'member_at', 'at_b': 'null',
    },
    {
        'id': 'XD-13', 'needs': ['has_household', 'has_dibao'],
        'scope': 'is_active and card_count > 0',
        'holds': 'net_income_per_capita_yuan <= dibao_exit_multiple * 12 * standard_yuan',
        'a': "'on dibao'", 'b': "concat('over in ', income_year)", 'at_a': 'card_at', 'at_b': 'register_at',
    },
    {
        'id': 'XD-26', 'needs': ['has_household', 'has_contract', 'has_settlement'],
        'scope': "is_active and (coalesce(main_cause_code = '01', false) or coalesce('01' = any(risk_code), false))",
        'holds': 'chronic_count > 0 or self_pay_yuan > 0',
        'a': "'illness'", 'b': "'no record'", 'at_a': 'register_at', 'at_b': 'null',
    },
    {
        'id': 'XD-37', 'needs': ['has_household', 'has_assessment'],
        'scope': 'is_active and ' ~ is_low, 'holds': 'stated_is_dangerous_house',
        'a': "'safe'", 'b': 'house_grade', 'at_a': 'register_at', 'at_b': 'house_at',
    },
    {
        'id': 'XD-38', 'needs': ['has_household', 'has_assessment'],
        'scope': "is_active and (house_grade in ('A', 'B') or is_renovated)", 'holds': 'not stated_is_dangerous_house',
        'a': "case when is_renovated then 'renovated' else house_grade end", 'b': "'dangerous'",
        'at_a': "coalesce(case when is_renovated then renovation_at end, house_at)", 'at_b': 'register_at',
    },
    {
        'id': 'XD-39', 'needs': ['has_household', 'has_assessment'],
        'scope': is_out, 'holds': 'not ' ~ is_low,
        'a': "case when is_risk_removed then 'cleared' else 'exited' end", 'b': 'house_grade',
        'at_a': 'register_at', 'at_b': 'house_at',
    },
    {
        'id': 'XD-40', 'needs': ['has_household', 'has_assessment'],
        'scope': 'is_active', 'holds': 'house_grade is not null and not is_expired', 'null_fails': true,
        'a': "'active'", 'b': "case when house_grade is null then 'none' else 'expired' end",
        'at_a': 'register_at', 'at_b': 'house_at',
    },
    {
        'id': 'XD-41', 'needs': ['has_household', 'has_assessment', 'has_renovation'],
        'scope': 'is_active and ' ~ is_low,
        'holds': 'coalesce(first_plan_year <= current_year, false) or coalesce(is_relocated, false) or in_institution',
        'a': "'active'", 'b': "concat(house_grade, ', no plan')", 'at_a': 'register_at', 'at_b': 'house_at',
    },
    {
        'id': 'XD-42', 'needs': ['has_renovation', 'has_dibao', 'has_tekun'],
        'scope': 'coalesce(claimed_class_code is not null, false)',
        'holds': 'case when was_on_claimed_roll then true when claimed_year >= roll_known_from then false end',
        'a': "case claimed_class_code when '2' then 'dibao' else 'tekun' end", 'b': "'no'",
        'at_a': 'claim_at', 'at_b': 'null',
    },
    {
        'id': 'XD-43', 'needs': ['has_household', 'has_renovation'],
        'scope': 'is_active and is_relocated', 'holds': 'last_started_date is null',
        'a': "'relocated'", 'b': "to_char(last_started_date, 'YYYY-MM')", 'at_a': 'register_at', 'at_b': 'renovation_at',
    },
    {
        'id': 'XD-44', 'needs': ['has_household', 'has_supply'],
        'scope': "is_active and worst_verdict_code = '3'", 'holds': 'not stated_is_water_safe',
        'a': "'safe'", 'b': "'unsafe'", 'at_a': 'register_at', 'at_b': 'supply_at',
    },
    {
        'id': 'XD-45', 'needs': ['has_household', 'has_supply'],
        'scope': "is_active and worst_verdict_code in ('1', '2') and has_water_certificate", 'holds': 'stated_is_water_safe',
        'a': "'accepted as safe'", 'b': "'unsafe'", 'at_a': 'supply_at', 'at_b': 'register_at',
    },
    {
        'id': 'XD-46', 'needs': ['has_household', 'has_supply'],
        'scope': 'is_active', 'holds': 'has_water_certificate', 'null_fails': true,
        'a': "'active'", 'b': "case when worst_verdict_code is null then 'no row' else 'no certificate' end",
        'at_a': 'register_at', 'at_b': 'supply_at',
    },
    {
        'id': 'XD-47', 'needs': ['has_supply', 'has_scheme'],
        'scope': "is_active and scheme_result_code = '2' and scheme_tested_date > acceptance_date",
        'holds': "best_quality_code <> '1'",
        'a': "concat('failed ', scheme_tested_date)", 'b': "'up to standard'", 'at_a': 'scheme_at', 'at_b': 'supply_at',
    },
    {
        'id': 'XD-49', 'needs': ['has_household', 'has_supply'],
        'scope': is_out, 'holds': "worst_verdict_code <> '3' and coalesce(cut_run < water_cut_days, true)",
        'a': "case when is_risk_removed then 'cleared' else 'exited' end",
        'b': "case when worst_verdict_code = '3' then 'unsafe' else 'cut' end", 'at_a': 'register_at', 'at_b': 'supply_at',
    },
    {
        'id': 'XD-50', 'needs': ['has_household', 'has_connection'],
        'scope': 'is_active and stated_has_living_power', 'holds': 'has_live_account',
        'a': "'yes'", 'b': "'no'", 'at_a': 'register_at', 'at_b': 'account_at',
    },
    {
        'id': 'XD-51', 'needs': ['has_household', 'has_connection'],
        'scope': 'is_active and coalesce(usage_kwh > 0, false)', 'holds': 'stated_has_living_power', 'null_fails': true,
        'a': "'in use'", 'b': "'no'", 'at_a': 'account_at', 'at_b': 'register_at',
    },
    {
        'id': 'XD-52', 'needs': ['has_connection'],
        'scope': 'is_active and coalesce(free_kwh > 0, false)', 'holds': on_some_roll,
        'a': "'free'", 'b': "'no'", 'at_a': 'account_at', 'at_b': 'null',
    },
    {
        'id': 'XD-53', 'needs': ['has_connection'],
        'scope': 'is_active and free_kwh_granted and ' ~ on_roll, 'holds': 'free_kwh > 0', 'null_fails': true,
        'a': "'on a roll'", 'b': "'none'", 'at_a': 'coalesce(card_at, support_at)', 'at_b': 'account_at',
    },
    {
        'id': 'XD-54', 'needs': ['has_household', 'has_member', 'has_connection'],
        'scope': 'is_active and idle_months >= zero_kwh_months',
        'holds': 'coalesce(is_relocated, false) or in_institution or (adult_count > 0 and away_adult_count = adult_count)',
        'a': "concat('no use, months: ', least(idle_months, zero_kwh_months))", 'b': "'lives here'",
        'at_a': 'account_at', 'at_b': 'register_at',
    },
    {
        'id': 'XD-55', 'needs': ['has_household', 'has_connection'],
        'scope': "is_active and coalesce(identified_month >= newly_from and (poverty_status_code = '6' or change_code = '11'), false)",
        'holds': 'case when has_live_account then true when month_end > connect_by then false end',
        'a': 'identified_month', 'b': "'not connected'", 'at_a': 'register_at', 'at_b': 'account_at',
    },
    {
        'id': 'XD-56', 'needs': ['has_tekun', 'has_connection'],
        'scope': 'is_active and active_count = 1 and in_institution', 'holds': 'usage_kwh <= empty_kwh_max',
        'a': "'lives in an institution'", 'b': "'yes'", 'at_a': 'support_at', 'at_b': 'account_at',
    },
    {
        'id': 'XD-57', 'needs': ['has_assessment', 'has_connection'],
        'scope': "is_active and house_grade in ('A', 'B')", 'holds': 'idle_months < empty_house_months',
        'a': "'lived in'", 'b': "'yes'", 'at_a': 'house_at', 'at_b': 'account_at',
    },
] + register_rules()) }}
{%- endmacro %}
