with

submissions as (

    select * from {{ source('ops', 'submission') }}

),

final as (

    select
        submission_id,
        county_code,
        department || '.' || feed as feed_id,
        period as source_period,
        rows_received,
        rows_accepted,
        rows_rejected
    from submissions
    where county_code = '{{ var("county_code") }}'

)

select * from final
