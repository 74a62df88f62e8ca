{#-
    Kleene conjunction over the rows of a group: any unmet -> unmet; else any unknown -> unknown; else met.
    An empty group gives NULL: whether nobody in scope means met is for the caller to say (indicators section 2, h).
-#}
{% macro kleene_all(state) -%}
    case
        when bool_or({{ state }} = 'unmet') then 'unmet'
        when bool_or({{ state }} = 'unknown') then 'unknown'
        when count({{ state }}) > 0 then 'met'
    end
{%- endmacro %}


{#- The same over columns of one row. -#}
{% macro kleene_and(states) -%}
    case
        when 'unmet' in ({{ states | join(', ') }}) then 'unmet'
        when 'unknown' in ({{ states | join(', ') }}) then 'unknown'
        else 'met'
    end
{%- endmacro %}


{#-
    Indicators section 2, rule (e): the register states the contrary, and it looked later than the evidence was made.
    `evidence_month` is YYYY-MM. Without a survey month nothing is later.
-#}
{% macro contradicted(statement, surveyed_month, evidence_month) -%}
    coalesce(({{ statement }}) and {{ surveyed_month }} > {{ evidence_month }}, false)
{%- endmacro %}
