{#-
    The ledger as this month leaves it: the ledger of the newest month before, and what this month's rows say. It reads no
    month but that one, so closing month 60 costs what month 2 costs, and the same month built twice gives the same.
-#}
with

results as (

    select * from {{ ref('int_xd_result') }}

),

before as (

    select * from {{ ref('stg_published__contradiction') }}

),

rules as (

    select * from {{ ref('stg_reference__rule') }}
    where family in ('XD', 'H', 'R') and not_judged_because is null

),

waivers as (

    select distinct
        rule_id,
        subject_kind,
        subject_no
    from {{ ref('stg_ops__contradiction_waiver') }}

),

inputs as (

    select * from {{ ref('int_feed_input') }}

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

-- Feeds of this month whose silence means something: they came, and the row is not in them.
compared as (

    select inputs.feed_id
    from inputs
    cross join parameters
    where inputs.is_received and inputs.age_periods <= parameters.xd_gap_months

),

subjects as (

    select
        rule_id,
        subject_kind,
        subject_no
    from results
    union
    select
        rule_id,
        subject_kind,
        subject_no
    from before

),

met as (

    select
        subjects.rule_id,
        subjects.subject_kind,
        subjects.subject_no,
        coalesce(results.household_key, before.household_key) as household_key,
        coalesce(results.person_key, before.person_key) as person_key,
        coalesce(results.household_no, before.household_no) as household_no,
        coalesce(results.village_code, before.village_code) as village_code,
        coalesce(results.township_code, before.township_code) as township_code,
        coalesce(
            results.result,
            case
                when
                    (before.feed_a is null or feeds_a.feed_id is not null)
                    and (before.feed_b is null or feeds_b.feed_id is not null)
                    then 'gone'
                else 'null'
            end
        ) as result,
        results.statement_a,
        results.statement_b,
        results.at_a,
        results.at_b,
        -- a row that has been closed for long is another story
        before.rule_id is not null
        and coalesce(
            {{ months_between('before.closed_period', 'parameters.period') }} <= parameters.reopen_months, true
        ) as is_known,
        before.feed_a as feed_a_before,
        before.feed_b as feed_b_before,
        before.statement_a as statement_a_before,
        before.statement_b as statement_b_before,
        before.a_submission_id as a_submission_before,
        before.a_source_sheet as a_sheet_before,
        before.a_source_row as a_row_before,
        before.b_submission_id as b_submission_before,
        before.b_source_sheet as b_sheet_before,
        before.b_source_row as b_row_before,
        before.opened_period as opened_before,
        before.last_failed_period as last_failed_before,
        before.closed_period as closed_before,
        before.close_reason as close_reason_before,
        before.times_opened as times_opened_before,
        waivers.rule_id is not null as is_waived,
        parameters.period
    from subjects
    cross join parameters
    left join results
        on
            subjects.rule_id = results.rule_id
            and subjects.subject_kind = results.subject_kind
            and subjects.subject_no = results.subject_no
    left join before
        on
            subjects.rule_id = before.rule_id
            and subjects.subject_kind = before.subject_kind
            and subjects.subject_no = before.subject_no
    left join waivers
        on
            subjects.rule_id = waivers.rule_id
            and subjects.subject_kind = waivers.subject_kind
            and subjects.subject_no = waivers.subject_no
    left join compared as feeds_a on before.feed_a = feeds_a.feed_id
    left join compared as feeds_b on before.feed_b = feeds_b.feed_id

),

moved as (

    select
        *,
        case when is_known then opened_before else period end as opened_period,
        case when result = 'fail' then period else last_failed_before end as last_failed_period,
        case
            when result = 'fail' then null
            when closed_before is not null then closed_before
            when result in ('pass', 'na', 'gone') then period
        end as closed_period,
        case
            when result = 'fail' then null
            when closed_before is not null then close_reason_before
            when result = 'pass' then 'agreed'
            when result = 'na' then 'out_of_scope'
            when result = 'gone' then 'no_longer_seen'
        end as close_reason,
        case
            when not is_known then 1
            when result = 'fail' and closed_before is not null then times_opened_before + 1
            else times_opened_before
        end as times_opened
    from met
    where is_known or result = 'fail'

),

-- Where a statement stands names its feed; a statement that there is no row has the feed of the rule.
sided as (

    select
        moved.*,
        rules.owner_department as owner_of_rule,
        case
            when moved.result <> 'fail' then moved.feed_a_before
            else coalesce(split_part(moved.at_a, ':', 1), rules.feed_a)
        end as feed_a,
        case
            when moved.result <> 'fail' then moved.feed_b_before
            else coalesce(split_part(moved.at_b, ':', 1), rules.feed_b)
        end as feed_b
    from moved
    inner join rules on moved.rule_id = rules.rule_id

),

final as (

    select
        '{{ var("county_code") }}'::text as county_code,
        sided.period,
        sided.rule_id,
        sided.subject_kind,
        sided.subject_no,
        sided.household_key,
        sided.person_key,
        sided.household_no,
        sided.village_code,
        sided.township_code,
        coalesce(sided.owner_of_rule, split_part(sided.feed_a, '.', 1)) as owner_department,
        split_part(sided.feed_a, '.', 1) as department_a,
        split_part(sided.feed_b, '.', 1) as department_b,
        sided.feed_a,
        sided.feed_b,
        {%- for side in ['a', 'b'] %}
        case when sided.result = 'fail' then sided.statement_{{ side }} else sided.statement_{{ side }}_before end
            as statement_{{ side }},
        {%- endfor %}
        {%- for side in ['a', 'b'] %}
        case
            when sided.result <> 'fail' then sided.{{ side }}_submission_before
            when sided.at_{{ side }} is not null then inputs_{{ side }}.submission_id
        end as {{ side }}_submission_id,
        case
            when sided.result <> 'fail' then sided.{{ side }}_sheet_before
            else split_part(sided.at_{{ side }}, ':', 2)
        end as {{ side }}_source_sheet,
        case
            when sided.result <> 'fail' then sided.{{ side }}_row_before
            else split_part(sided.at_{{ side }}, ':', 3)::integer
        end as {{ side }}_source_row,
        {%- endfor %}
        sided.result,
        case
            when sided.closed_period is not null then 'closed'
            when sided.is_waived then 'waived'
            else 'open'
        end as state,
        sided.opened_period,
        sided.last_failed_period,
        sided.closed_period,
        sided.close_reason,
        {{ months_between('sided.opened_period', 'coalesce(sided.closed_period, sided.period)') }} as age_periods,
        sided.times_opened
    from sided
    left join inputs as inputs_a on sided.feed_a = inputs_a.feed_id
    left join inputs as inputs_b on sided.feed_b = inputs_b.feed_id

)

select * from final
