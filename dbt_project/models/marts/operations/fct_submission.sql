with

submissions as (

    select * from {{ ref('stg_ops__submission') }}
    where source_period = '{{ var("period") }}' and not is_test

),

inputs as (

    select * from {{ ref('base_ops__build_input') }}

),

months as (

    select * from {{ ref('dim_month') }}

),

-- Bytes that were judged anew came but once: the newest judgement that took them in stands for all.
judged as (

    select
        submissions.*,
        max(submissions.parent_submission_id) over same_file as answered_submission_id,
        min(submissions.version) over same_file as first_version,
        bool_or(inputs.submission_id is not null) over same_file as is_used,
        row_number() over (
            partition by submissions.feed_id, submissions.sha256
            order by
                submissions.state in ('accepted', 'partially_accepted', 'superseded') desc,
                submissions.version desc
        ) as judgement
    from submissions
    left join inputs on submissions.submission_id = inputs.submission_id
    window same_file as (partition by submissions.feed_id, submissions.sha256)

),

-- Days are those of the county's clock, whatever the server's.
dated as (

    select
        judged.*,
        row_number() over (partition by judged.feed_id order by judged.first_version) as file_version,
        (judged.received_at at time zone 'Asia/Shanghai')::date as received_date,
        coalesce((judged.due_at at time zone 'Asia/Shanghai')::date, months.due_date) as due_date
    from judged
    left join months on judged.source_period = months.period
    where judged.judgement = 1

),

final as (

    select
        county_code,
        source_period as period,
        submission_id,
        feed_id,
        department,
        file_version::integer as version,
        answered_submission_id as parent_submission_id,
        state,
        state in ('accepted', 'partially_accepted', 'superseded') as is_accepted,
        is_nil_return,
        is_used,
        contract_version,
        received_at,
        due_date,
        greatest(received_date - due_date, 0) as days_late,
        received_date > due_date as is_late,
        rows_received,
        rows_accepted,
        rows_rejected,
        rows_excluded,
        warning_count,
        reason_rule_id
    from dated
    where feed_id is not null

)

select * from final
