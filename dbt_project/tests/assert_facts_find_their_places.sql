-- Every school, scheme, area, feed, cause and type that a fact names is in its dimension (P-18).
{%- set references = [
    (ref('fct_enrolment'), 'school_key', ref('dim_school'), 'school_key'),
    (ref('fct_dropout'), 'school_key', ref('dim_school'), 'school_key'),
    (ref('fct_student_aid'), 'school_key', ref('dim_school'), 'school_key'),
    (ref('fct_water_scheme'), 'scheme_no', ref('dim_water_scheme'), 'scheme_no'),
    (ref('fct_transformer'), 'transformer_no', ref('dim_transformer'), 'transformer_no'),
    (ref('fct_outage'), 'transformer_no', ref('dim_transformer'), 'transformer_no'),
    (ref('fct_submission'), 'feed_id', ref('dim_feed'), 'feed_id'),
    (ref('fct_feed_reconciliation'), 'feed_id', ref('dim_feed'), 'feed_id'),
    (ref('dim_feed'), 'department', ref('dim_department'), 'department'),
    (ref('bridge_household_cause'), 'cause_code', ref('dim_cause'), 'cause_code'),
    (ref('fct_household_month'), 'household_type_code', ref('dim_household_type'), 'household_type_code'),
] %}

with

orphans as (

    {% for fact, column, dimension, key in references -%}
    select distinct
        '{{ fact.identifier }}.{{ column }}' as reference_name,
        facts.{{ column }}::text as missing_key
    from {{ fact }} as facts
    left join {{ dimension }} as dimensions on facts.{{ column }} = dimensions.{{ key }}
    where facts.{{ column }} is not null and dimensions.{{ key }} is null
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

)

select * from orphans
