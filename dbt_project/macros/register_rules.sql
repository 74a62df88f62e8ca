{#-
    Rules of the register alone (rules sections 3 and 4), over the columns of int_xd_household: household and members come
    as two feeds, so they are asked where both are there. `household_rules` has them at its end.
-#}
{% macro register_rules() -%}
{%- set both = ['has_household', 'has_member'] -%}
{%- set some_or_unknown = "case when %s > 0 then true when %s = 0 then false end" -%}
{{ return([
    {
        'id': 'H-02', 'needs': both, 'scope': 'is_active', 'holds': 'member_count = active_count',
        'a': 'member_count', 'b': 'active_count', 'at_a': 'register_at', 'at_b': 'member_at',
    },
    {
        'id': 'H-04', 'needs': both, 'scope': 'is_active', 'holds': "head_listed_as = 'head'",
        'a': "'head'", 'b': 'head_listed_as', 'at_a': 'register_at', 'at_b': 'member_at',
    },
    {
        'id': 'H-08', 'needs': both,
        'scope': "is_active and (coalesce(main_cause_code = '01', false) or coalesce('01' = any(risk_code), false))",
        'holds': some_or_unknown % ('ill_count', 'unsure_health_count'),
        'a': "'illness'", 'b': "'nobody is ill'", 'at_a': 'register_at', 'at_b': 'member_at',
    },
    {
        'id': 'H-09', 'needs': both + ['has_certificates'], 'scope': "is_active and coalesce(main_cause_code = '02', false)",
        'holds': 'certified_count > 0',
        'a': "'disability'", 'b': "'nobody has a certificate'", 'at_a': 'register_at', 'at_b': 'member_at',
    },
    {
        'id': 'H-10', 'needs': both + ['has_school_marks'], 'scope': "is_active and coalesce(main_cause_code = '03', false)",
        'holds': 'pupil_count > 0',
        'a': "'schooling'", 'b': "'no pupil'", 'at_a': 'register_at', 'at_b': 'member_at',
    },
    {
        'id': 'H-11', 'needs': both, 'scope': "is_active and coalesce(main_cause_code = '08', false)",
        'holds': 'case when unsure_labour_count = 0 then able_count <= lack_labour_share * active_count end',
        'a': "'lack of labour'", 'b': "concat(able_count, '/', active_count)", 'at_a': 'register_at', 'at_b': 'member_at',
    },
    {
        'id': 'H-12', 'needs': both, 'scope': 'is_active and poverty_attribute_code is not null',
        'holds': "(poverty_attribute_code = '2') = (" ~ some_or_unknown % ('marked_count', 'unmarked_count')
        ~ ") and (poverty_attribute_code = '3') = ("
        ~ some_or_unknown % ('tekun_marked_count', 'tekun_unmarked_count') ~ ')',
        'a': 'poverty_attribute_code', 'b': "concat('dibao ', marked_count, ', tekun ', tekun_marked_count)",
        'at_a': 'register_at', 'at_b': 'member_at',
    },
    {
        'id': 'H-13', 'needs': both + ['has_work_marks'], 'scope': 'is_active',
        'holds': '(wage_income_yuan > 0) = (earning_count > 0)',
        'a': "case when wage_income_yuan > 0 then 'wages' else 'no wages' end", 'b': "concat('working: ', earning_count)",
        'at_a': 'register_at', 'at_b': 'member_at',
    },
    {
        'id': 'H-14', 'needs': both, 'scope': 'is_active',
        'holds': '(dibao_income_yuan > 0) = (' ~ some_or_unknown % ('marked_count', 'unmarked_count')
        ~ ') and (tekun_income_yuan > 0) = (' ~ some_or_unknown % ('tekun_marked_count', 'tekun_unmarked_count') ~ ')',
        'a': "concat_ws(', ', case when dibao_income_yuan > 0 then 'dibao paid' end, case when tekun_income_yuan > 0 then 'tekun paid' end)",
        'b': "concat('dibao ', marked_count, ', tekun ', tekun_marked_count)", 'at_a': 'register_at', 'at_b': 'member_at',
    },
    {
        'id': 'H-18', 'needs': both,
        'scope': 'is_active and coalesce(is_risk_removed, false) and able_count = 0 and adult_count > 0'
        ~ ' and case when unsure_labour_count = 0 then true end',
        'holds': some_or_unknown % ('(backed_count = active_count)::integer', 'unsure_backed_count'),
        'a': "'cleared'", 'b': "concat('backed: ', backed_count, '/', active_count)", 'at_a': 'register_at', 'at_b': 'member_at',
    },
    {
        'id': 'H-19', 'needs': both, 'scope': 'is_active', 'holds': 'not is_helper_registered',
        'a': "'helper'", 'b': "'is on the register'", 'at_a': 'register_at', 'at_b': 'null',
    },
    {
        'id': 'R-REG-20', 'needs': ['has_household'],
        'scope': "is_active and coalesce(poverty_status_code in ('3', '4'), false)",
        'holds': 'net_income_per_capita_yuan >= poverty_line_yuan',
        'a': "'exited'", 'b': "concat('under the line of ', income_year)", 'at_a': 'register_at', 'at_b': 'null',
    },
]) }}
{%- endmacro %}
