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

-- Days are those of the county's clock, whatever the server's.
dated as (

    select
        submissions.*,
        (submissions.received_at at time zone 'Asia/Shanghai')::date as received_date,
        coalesce((submissions.due_at at time zone 'Asia/Shanghai')::date, months.due_date) as due_date,
        inputs.submission_id is not null as is_used
    from submissions
    left join months on submissions.source_period = months.period
    left join inputs on submissions.submission_id = inputs.submission_id

),

final as (

    select
        county_code,
        source_period as period,
        submission_id,
        feed_id,
        department,
        version,
        parent_submission_id,
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
