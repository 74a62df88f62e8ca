{#-
    Early-warning signals and lists of who should enter or leave (indicators sections 4 and 6), over the columns of
    int_outlook. What they are called, who raises and who decides is data (reference.rule, families W, E and X); limits
    are dated parameters. What they ask stands here: one mapping each.

    fires       SQL of a signal: whether it speaks of the household in this month; null is no
    red         SQL of a signal: whether it is the graver of two levels; left out where there is one level
    scope       SQL of a list: whether the household is asked about at all
    verdict     SQL of a list, three-valued: candidate, not_candidate, or null (unknown)
    decided     SQL of a list: whether the register, or the roll, says that it was decided
    evidence    of a list: feed -> SQL, whether what it should say is there. What is not there is missing evidence.
-#}
{% macro signal_rules() -%}
{{ return([
    {'id': 'W-01', 'fires': 'net_income_yuan > 0 and spent_yuan / net_income_yuan >= med_household_share'},
    {
        'id': 'W-02',
        'fires': 'coalesce(income_yuan <= (1 - income_drop) * income_before_yuan, false) or (work_months_before > 0 and work_months = 0)',
    },
    {'id': 'W-03', 'fires': 'income_yuan < monitor_line'},
    {'id': 'W-04', 'fires': 'has_case and (case_since is null or month_end - case_since >= suspect_days)'},
    {
        'id': 'W-05',
        'fires': "house_grade in ('C', 'D') and house_assessed_date between month_start and month_end and coalesce(housing_state_before <> 'unmet', true)",
    },
    {
        'id': 'W-06',
        'fires': 'case when cut_days is not null then cut_days >= water_cut_warn_days else is_unreliable and not is_unreliable_before end',
        'red': 'coalesce(cut_run >= water_cut_days, false)',
    },
    {'id': 'W-07', 'fires': 'unused_months >= zero_kwh_months'},
    {'id': 'W-08', 'fires': 'has_lost_worker or has_new_severe_disability'},
    {'id': 'W-09', 'fires': 'extract(month from month_end) >= 3 and lapsed_count > 0'},
    {
        'id': 'W-10',
        'fires': 'has_left_roll and not is_on_dibao and not is_on_tekun and monitor_class_code is null and coalesce(income_yuan < monitor_line, true)',
    },
    {'id': 'W-11', 'fires': "scheme_result_code = '2'"},
    {'id': 'W-12', 'fires': "(poverty_status_code in ('3', '4') or coalesce(is_risk_removed, false)) and has_unmet"},
]) }}
{%- endmacro %}


{% macro support_lists() -%}
{%- set no_labour = 'not (case when has_able then true when has_unsaid_labour then null else false end)' -%}
{%- set is_helped = '(is_on_dibao or is_on_tekun)' -%}
{{ return([
    {
        'id': 'E1', 'scope': 'is_active',
        'verdict': no_labour ~ ' and working_count = 0 and (income_yuan is null or income_yuan < 12 * standard_yuan) and not ' ~ is_helped,
        'decided': is_helped,
        'evidence': {
            'register.member': 'not has_unsaid_labour',
            'register.household': 'income_yuan is not null',
            'civil_affairs.dibao': 'has_dibao and standard_yuan is not null',
            'civil_affairs.tekun': 'has_tekun',
        },
    },
    {
        'id': 'E2', 'scope': 'is_active and monitor_class_code is null',
        'verdict': "(income_yuan < monitor_line and (case when has_unmet then true when has_unknown then null else false end or cardinality(fired) > 0)) or (income_yuan >= monitor_line and fired && array['W-01', 'W-02', 'W-08'])",
        'decided': 'monitor_class_code is not null',
        'evidence': {
            'register.household': "income_yuan is not null and food_state <> 'unknown' and clothing_state <> 'unknown'",
            'education.enrolment': "education_state <> 'unknown'",
            'health.insurance': "medical_state <> 'unknown'",
            'housing.assessment': "housing_state <> 'unknown'",
            'water.supply': "water_state <> 'unknown'",
            'power.connection': "power_state <> 'unknown'",
        },
    },
    {
        'id': 'E3', 'scope': "is_active and poverty_status_code in ('3', '4')",
        'verdict': "case five_state when 'unmet' then true when 'met' then false end",
        'decided': "poverty_status_code = '5' or monitor_class_code is not null",
        'evidence': {
            'register.household': "food_state <> 'unknown' and clothing_state <> 'unknown'",
            'education.enrolment': "education_state <> 'unknown'",
            'health.insurance': "medical_state <> 'unknown'",
            'housing.assessment': "housing_state <> 'unknown'",
        },
    },
    {
        'id': 'E4', 'scope': 'has_unaided_pupil', 'verdict': 'true', 'decided': 'not has_unaided_pupil',
        'evidence': {'education.enrolment': 'true', 'education.aid': 'false'},
    },
    {
        'id': 'E5', 'scope': 'is_active',
        'verdict': "case when house_grade is not null then house_grade in ('C', 'D') and not has_plan end",
        'decided': 'has_plan',
        'evidence': {'housing.assessment': 'house_grade is not null', 'housing.renovation': 'has_renovation_feed'},
    },
    {
        'id': 'X1', 'scope': 'is_active and monitor_class_code is not null and not coalesce(is_risk_removed, false)',
        'verdict': "months_monitored >= clear_min_months and income_yuan >= monitor_line and (case seven_state when 'met' then true when 'unmet' then false end) and cardinality(fired) = 0 and open_contradictions = 0 and has_measure and (has_able or is_all_on_roll)",
        'decided': 'coalesce(is_risk_removed, false)',
        'evidence': {
            'register.household': "income_yuan is not null and food_state <> 'unknown' and clothing_state <> 'unknown' and has_measure",
            'education.enrolment': "education_state <> 'unknown'",
            'health.insurance': "medical_state <> 'unknown'",
            'housing.assessment': "housing_state <> 'unknown'",
            'water.supply': "water_state <> 'unknown'",
            'power.connection': "power_state <> 'unknown'",
        },
    },
    {
        'id': 'X2', 'scope': 'is_active and is_on_dibao',
        'verdict': 'case when income_year >= current_year - 1 then income_yuan end > dibao_exit_multiple * 12 * standard_yuan',
        'decided': 'not is_on_dibao',
        'evidence': {
            'register.household': 'income_yuan is not null and income_year >= current_year - 1',
            'civil_affairs.dibao': 'standard_yuan is not null',
        },
    },
    {
        'id': 'X4', 'scope': 'is_listed', 'verdict': 'active_member_count = 0 or has_old_false_identity',
        'decided': 'not is_listed',
        'evidence': {'register.member': 'active_member_count > 0'},
    },
]) }}
{%- endmacro %}


{#-
    Rules over months (rules section 8) whose subject is a household: how many of those judged fail is counted by
    village and asked of a person. `judged`: whether the rule is about the household; `fails`: null is no.
-#}
{% macro history_rules() -%}
{{ return([
    {'id': 'T-03', 'judged': 'usage_kwh > 0 and usage_kwh_before is not null', 'fails': 'usage_kwh = usage_kwh_before'},
    {
        'id': 'T-04', 'judged': 'compared_pupil_count > 0', 'fails': 'stayed_count > 0',
    },
    {
        'id': 'T-05', 'judged': 'house_assessed_date is not null',
        'fails': "extract(day from house_assessed_date) > 0.9 * extract(day from date_trunc('month', house_assessed_date) + interval '1 month' - interval '1 day')",
    },
    {
        'id': 'T-09', 'judged': 'house_assessed_date is not null and house_certificate_date is not null',
        'fails': 'house_certificate_date < house_assessed_date',
    },
    {
        'id': 'T-11', 'judged': 'usage_kwh is not null and usage_mad > 0',
        'fails': 'abs(usage_kwh::double precision - usage_median) > outlier_mad * usage_mad',
    },
    {
        'id': 'T-12', 'judged': 'poverty_status_before is not null',
        'fails': "(poverty_status_before in ('3', '4') and poverty_status_code in ('1', '2')) or (poverty_status_before = '7' and poverty_status_code <> '7')",
    },
    {'id': 'T-13', 'judged': "change_code = '15'", 'fails': "coalesce(seven_state <> 'met', true)"},
    {'id': 'T-15', 'judged': 'was_on_dibao and has_dibao', 'fails': 'not has_card_row'},
    {'id': 'T-17', 'judged': 'settlement_count > 0', 'fails': 'reused_count > 0'},
    {
        'id': 'T-18', 'judged': "house_grade_before in ('C', 'D') and house_grade is not null",
        'fails': "house_grade in ('A', 'B') and not is_renovated",
    },
    {
        'id': 'T-19', 'judged': 'was_water_unsafe and verdict_code is not null',
        'fails': "verdict_code in ('1', '2') and coalesce(proved_date < month_start - interval '1 month', true)",
    },
    {
        'id': 'T-20', 'judged': 'income_yuan is not null and income_before_yuan > 0',
        'fails': 'income_yuan < (1 - income_drop) * income_before_yuan or income_yuan > (1 + income_rise) * income_before_yuan',
    },
    {
        'id': 'T-22', 'judged': 'was_closed and member_keys is not null and member_keys_before is not null',
        'fails': 'not member_keys && member_keys_before',
    },
    {
        'id': 'T-23', 'judged': 'was_risk_removed',
        'fails': 'monitor_class_code is not null and not coalesce(is_risk_removed, false)',
    },
    {'id': 'T-24', 'judged': 'had_dibao_at_exit and has_dibao', 'fails': 'not has_card_row and not has_left_roll'},
]) }}
{%- endmacro %}


{#- A signal or list of a month, as elements of an array: the ids of which `condition` is true. -#}
{% macro ids_where(rules, condition) -%}
    array_remove(array[
        {%- for rule in rules %}
        case when {{ rule[condition] }} then '{{ rule.id }}' end{{ ',' if not loop.last }}
        {%- endfor %}
    ]::text[], null)
{%- endmacro %}
