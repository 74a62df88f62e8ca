with

submissions as (

    select * from {{ source('ops', 'submission') }}

),

final as (

    select
        submission_id,
        county_code,
        department,
        department || '.' || feed as feed_id,
        period as source_period,
        sha256,
        rows_received,
        rows_accepted,
        rows_rejected,
        rows_excluded,
        warning_count,
        state,
        version,
        parent_submission_id,
        contract_version,
        is_nil_return,
        is_test,
        received_at,
        due_at,
        reason_rule_id
    from submissions
    where county_code = '{{ var("county_code") }}'

)

select * from final
