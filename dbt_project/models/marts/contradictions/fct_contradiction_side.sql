{#-
    What one side may see of a contradiction, and nothing else: a department reads this table and never the ledger. What
    a rule does not show is not in the row, so no view over it can show it. Classes: D0 the own row and which columns to
    check; D1 and the other department; D2 and the class of the other statement; D3 and the value named.
-#}
with

contradictions as (

    select * from {{ ref('fct_contradiction') }}

),

rules as (

    select * from {{ ref('stg_reference__rule') }}

),

final as (

    {% for side, other in [('a', 'b'), ('b', 'a')] -%}
    select
        contradictions.county_code,
        contradictions.period,
        contradictions.rule_id,
        contradictions.subject_kind,
        contradictions.subject_no,
        '{{ side }}'::text as side,
        contradictions.feed_{{ side }} as feed_id,
        contradictions.household_no,
        contradictions.village_code,
        contradictions.township_code,
        rules.sees_{{ side }} as sees,
        contradictions.statement_{{ side }} as own_statement,
        rules.columns_{{ side }} as own_columns,
        contradictions.{{ side }}_submission_id as own_submission_id,
        contradictions.{{ side }}_source_sheet as own_source_sheet,
        contradictions.{{ side }}_source_row as own_source_row,
        case when rules.sees_{{ side }} in ('D1', 'D2', 'D3') then contradictions.department_{{ other }} end
            as other_department,
        case when rules.sees_{{ side }} in ('D2', 'D3') then contradictions.statement_{{ other }} end
            as other_statement,
        contradictions.owner_department = contradictions.department_{{ side }} as is_owner,
        contradictions.state,
        contradictions.opened_period,
        contradictions.closed_period,
        contradictions.age_periods
    from contradictions
    inner join rules on contradictions.rule_id = rules.rule_id
    where rules.sees_{{ side }} <> 'none'
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

)

select * from final
