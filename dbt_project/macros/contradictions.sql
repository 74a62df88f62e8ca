{#-
    Rules between departments (rules section 6). What a rule is called, who owns it and who may see what of it is data
    (reference.rule); what it asks stands in `household_rules`, `person_rules` and so on: one mapping a rule.

    id      XD-nn
    needs   feeds without which nobody can say anything: names of columns of `feeds`
    scope   SQL: whether the rule is about the subject at all
    holds   SQL: what must hold; null is not judged, unless `null_fails`
    a, b    SQL: the two statements as a class or a plain value. Never a name, a number of a person, an amount, a
            diagnosis: they are kept for years and shown to the other side as far as the rule allows
    at_a,   SQL: feed, sheet and row each statement stands in, as `at` writes it; null where it is that there is no row
    at_b
-#}

{#- Result of a rule in a word: `na` out of scope, `null` not judged. -#}
{% macro judged(rule) -%}
    case
        {% if rule.needs -%}
        when not ({{ rule.needs | join(' and ') }}) then 'null'
        {% endif -%}
        when not ({{ rule.scope }}) then 'na'
        when ({{ rule.scope }}) is null then 'null'
        when {{ rule.holds }} then 'pass'
        {% if not rule.null_fails -%}
        when ({{ rule.holds }}) is null then 'null'
        {% endif -%}
        else 'fail'
    end
{%- endmacro %}


{#- Name of the result column of a rule: xd_04. -#}
{% macro rule_column(rule) -%}
    {{ rule.id | lower | replace('-', '_') }}
{%- endmacro %}


{#- The result columns of all rules of a subject, over CTE `facts`. -#}
{% macro result_columns(rules) -%}
    {% for rule in rules %}
        {{ judged(rule) }} as {{ rule_column(rule) }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- What is kept of a failing rule: both statements and where they stand. Null for whoever does not fail. -#}
{% macro statement_columns(rules) -%}
    {% for rule in rules -%}
    {%- set column = rule_column(rule) %}
        case when {{ column }} = 'fail' then ({{ rule.a }})::text end as {{ column }}_a,
        case when {{ column }} = 'fail' then ({{ rule.b }})::text end as {{ column }}_b,
        case when {{ column }} = 'fail' then ({{ rule.at_a }})::text end as {{ column }}_at_a,
        case when {{ column }} = 'fail' then ({{ rule.at_b }})::text end as {{ column }}_at_b{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- Columns of a wide table of results turned into rows: the same place of every array is one rule. -#}
{% macro results_as_rows(rules) -%}
        unnest(array[
            {%- for rule in rules %}
            '{{ rule.id }}'{{ ',' if not loop.last }}
            {%- endfor %}
        ]) as rule_id
        {%- for suffix, name in {'': 'result', '_a': 'statement_a', '_b': 'statement_b', '_at_a': 'at_a', '_at_b': 'at_b'}.items() %},
        unnest(array[
            {%- for rule in rules %}
            {{ rule_column(rule) ~ suffix }}{{ ',' if not loop.last }}
            {%- endfor %}
        ]) as {{ name }}
        {%- endfor %}
{%- endmacro %}


{#- Whether any rule of a row of a wide table fails. -#}
{% macro any_fails(rules, alias) -%}
    'fail' in (
            {%- for rule in rules %}
            {{ alias }}.{{ rule_column(rule) }}{{ ',' if not loop.last }}
            {%- endfor %}
        )
{%- endmacro %}


{#- How often each rule of a wide table gave which result: one pass over the table. CTEs `tallied` and `counted_<name>`. -#}
{% macro result_counts(rules, relation, name) -%}
tallied_{{ name }} as (

    select
        {%- for rule in rules %}
        {%- for word in ['pass', 'fail', 'na', 'null'] %}
        count(*) filter (where {{ rule_column(rule) }} = '{{ word }}') as {{ rule_column(rule) }}_{{ word }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ relation }}

),

counted_{{ name }} as (

    select
        unnest(array[
            {%- for rule in rules %}
            '{{ rule.id }}'{{ ',' if not loop.last }}
            {%- endfor %}
        ]) as rule_id
        {%- for word in ['pass', 'fail', 'na', 'null'] %},
        unnest(array[
            {%- for rule in rules %}
            {{ rule_column(rule) }}_{{ word }}{{ ',' if not loop.last }}
            {%- endfor %}
        ]) as {{ word }}_count
        {%- endfor %}
    from tallied_{{ name }}

)
{%- endmacro %}


{#- Feed, sheet and row in one word, and apart again: no sheet's name has a colon. -#}
{% macro at(feed_id, alias=none) -%}
    {%- set of = alias ~ '.' if alias else '' -%}
    '{{ feed_id }}:' || {{ of }}source_sheet || ':' || {{ of }}source_row::text
{%- endmacro %}


{#-
    CTE `feeds`: one row that says of every feed whether its rows of this build may be compared: received and at most
    {xd_gap_months} old. `name`: short name of the column; `also`: more that must hold of that feed.
-#}
{% macro comparable_feeds(feeds) -%}
feeds as (

    select
        {%- for name, feed in feeds.items() %}
        coalesce(bool_or(
            inputs.feed_id = '{{ feed.id }}' and inputs.is_received and inputs.age_periods <= parameters.xd_gap_months
            {%- if feed.also %} and {{ feed.also }}{% endif %}
        ), false) as has_{{ name }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from inputs
    cross join parameters

)
{%- endmacro %}


{#-
    Whom an entry of the ledger is about, in one word. With a letter before each key: of the bare digits of many thousand
    keys some look like the number of an identity card, and the gate would rightly stop the month.
-#}
{% macro subject_no(household_key, person_key=none) -%}
    'h' || {{ household_key }}::text
    {%- if person_key %} || '.p' || {{ person_key }}::text{% endif -%}
{%- endmacro %}
