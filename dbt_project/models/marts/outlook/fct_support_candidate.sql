{#- The lists of who should enter or leave, as questions: what the month before asked goes on until it is decided. -#}
with

outlook as (

    select * from {{ ref('int_outlook') }}

),

before as (

    select * from {{ ref('stg_published__support_candidate') }}

),

rules as (

    select * from {{ ref('stg_reference__rule') }}
    where family in ('E', 'X') and not_judged_because is null

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

judged as (

    {% for list in support_lists() -%}
    {%- set name = list.id | lower -%}
    select
        household_key,
        '{{ list.id }}' as list_id,
        {{ name }}_verdict as verdict,
        {{ name }}_is_decided as is_decided,
        {{ name }}_present as evidence_present,
        {{ name }}_missing as evidence_missing
    from outlook
    where {{ name }}_verdict in ('candidate', 'unknown')
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

-- Of those asked about before and no longer now: whether it was decided.
decided as (

    select
        before.household_key,
        before.list_id,
        case before.list_id
            {%- for list in support_lists() %}
            when '{{ list.id }}' then outlook.{{ list.id | lower }}_is_decided
            {%- endfor %}
        end as is_decided,
        outlook.household_key is null as is_silent,
        not coalesce(outlook.is_active, true) as is_gone
    from before
    left join outlook on before.household_key = outlook.household_key

),

subjects as (

    select
        household_key,
        list_id
    from judged
    union
    select
        household_key,
        list_id
    from before

),

met as (

    select
        subjects.household_key,
        subjects.list_id,
        case
            when judged.verdict is not null then judged.verdict
            when decided.is_silent then 'unknown'
            else 'not_candidate'
        end as verdict,
        coalesce(judged.evidence_present, before.evidence_present) as evidence_present,
        coalesce(judged.evidence_missing, before.evidence_missing) as evidence_missing,
        before.household_no as household_no_before,
        before.village_code as village_before,
        before.township_code as township_before,
        before.first_period as first_before,
        before.first_candidate_period as candidate_before,
        judged.verdict is not null or coalesce(decided.is_silent, false) as is_asked,
        decided.is_decided,
        decided.is_gone
    from subjects
    left join judged on subjects.household_key = judged.household_key and subjects.list_id = judged.list_id
    left join before on subjects.household_key = before.household_key and subjects.list_id = before.list_id
    left join decided on subjects.household_key = decided.household_key and subjects.list_id = decided.list_id

),

final as (

    select
        met.household_key,
        '{{ var("county_code") }}'::text as county_code,
        parameters.period,
        met.list_id,
        coalesce(outlook.household_no, met.household_no_before) as household_no,
        coalesce(outlook.village_code, met.village_before) as village_code,
        coalesce(outlook.township_code, met.township_before) as township_code,
        rules.owner_department as decided_by,
        met.verdict,
        met.evidence_present,
        met.evidence_missing,
        coalesce(met.first_before, parameters.period) as first_period,
        coalesce(met.candidate_before, case when met.verdict = 'candidate' then parameters.period end)
            as first_candidate_period,
        {{ last_day("coalesce(met.candidate_before, case when met.verdict = 'candidate' then parameters.period end)") }}
        + parameters.recognition_days as decide_by,
        case when met.is_asked then 'open' else 'closed' end as state,
        case when not met.is_asked then parameters.period end as closed_period,
        case
            when met.is_asked then null
            when met.is_decided then 'decided'
            when met.is_gone then 'left'
            else 'evidence_changed'
        end as close_reason,
        {{ months_between('coalesce(met.first_before, parameters.period)', 'parameters.period') }} as age_periods
    from met
    cross join parameters
    inner join rules on met.list_id = rules.rule_id
    left join outlook on met.household_key = outlook.household_key

)

select * from final
