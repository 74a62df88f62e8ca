{#-
    Indicators as data: a model names, for each indicator, which units it is `of`, which it `counts`, and of which
    nobody knows (`unknown`); what is written there is SQL over the row of one unit. indicator.csv has the words.
-#}

{#- Column of an indicator in the tables of evidence: HLT-01 is hlt_01. -#}
{% macro indicator_column(code) -%}
    {{ code | lower | replace('-', '_') }}
{%- endmacro %}


{#- One column an indicator: yes counted, no not counted, unknown, null out of scope. What is known comes first. -#}
{% macro indicator_states(indicators) -%}
    {%- for code, rule in indicators.items() %}
        case
            when not coalesce({{ rule.get('of', 'true') }}, false) then null
            when {{ rule.counts }} then 'yes'
            {%- if rule.unknown %}
            when {{ rule.unknown }} then 'unknown'
            {%- endif %}
            else 'no'
        end as {{ indicator_column(code) }}
        {%- if not loop.last %},{% endif %}
    {%- endfor %}
{%- endmacro %}


{#- Three sums an indicator over rows of evidence: counted, in scope, unknown. -#}
{% macro indicator_tallies(codes) -%}
    {%- for code in codes %}
        {%- set column = indicator_column(code) %}
        count(*) filter (where {{ column }} = 'yes') as {{ column }}_yes,
        count({{ column }}) as {{ column }}_units,
        count(*) filter (where {{ column }} = 'unknown') as {{ column }}_unknown
        {%- if not loop.last %},{% endif %}
    {%- endfor %}
{%- endmacro %}


{#- The same sums as rows. `without_denominator`: a count whose denominator is another table's, or none. -#}
{% macro indicator_rows(relation, codes, without_denominator=[]) -%}
    {%- for code in codes %}
        {%- set column = indicator_column(code) %}
    select
        county_code,
        period,
        village_code,
        '{{ code }}'::text as indicator_code,
        ''::text as part,
        {{ column }}_units as unit_count,
        {{ column }}_yes::numeric as numerator,
        {{ 'null' if code in without_denominator else column ~ '_units' }}::numeric as denominator,
        {{ column }}_unknown::numeric as unknown
    from {{ relation }}
        {%- if not loop.last %}
    union all
        {%- endif %}
    {%- endfor %}
{%- endmacro %}


{#-
    The value by formula class: a share or progress divides, a count or median is its numerator; null over nothing.
-#}
{% macro indicator_value(formula_class, numerator, denominator) -%}
    case
        when {{ formula_class }} in ('ratio', 'progress') then {{ numerator }} / nullif({{ denominator }}, 0)
        when {{ formula_class }} in ('count', 'median', 'percentile_95') then {{ numerator }}
    end
{%- endmacro %}


{#-
    What the number means against its threshold (indicators section 0). Three values: what is unknown may decide
    neither way. `value_min` and `value_max` are what the value can be once the unknown is known; `value` of a target is
    what was reached. An indicator that is never judged, or has no threshold in this place and month, is `info`.
-#}
{% macro indicator_verdict(direction, operator, threshold, value_min, value_max, value, is_due) -%}
    case
        when {{ direction }} = 'info' or {{ threshold }} is null then 'info'
        when {{ value }} is null then 'unknown'
        when {{ direction }} = 'target'
            then case when {{ value }} >= {{ threshold }} then 'met' when {{ is_due }} then 'unmet' else 'open' end
        when {{ direction }} = 'zero'
            then case when {{ value_min }} > 0 then 'unmet' when {{ value_max }} > 0 then 'unknown' else 'met' end
        when {{ direction }} = 'down'
            then
                case
                    when {{ value_max }} < {{ threshold }} then 'met'
                    when {{ value_min }} >= {{ threshold }} then 'unmet'
                    else 'unknown'
                end
        when {{ direction }} = 'up' and {{ operator }} = '>'
            then
                case
                    when {{ value_min }} > {{ threshold }} then 'met'
                    when {{ value_max }} <= {{ threshold }} then 'unmet'
                    else 'unknown'
                end
        when {{ direction }} = 'up'
            then
                case
                    when {{ value_min }} >= {{ threshold }} then 'met'
                    when {{ value_max }} < {{ threshold }} then 'unmet'
                    else 'unknown'
                end
    end
{%- endmacro %}
