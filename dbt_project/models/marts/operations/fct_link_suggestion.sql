{{ config(meta={'distributed_by': 'household_key', 'partition': 'period'}) }}

with

suggestions as (

    select * from {{ ref('int_link_suggestion') }}

),

final as (

    select
        household_key,
        county_code,
        period,
        feed_id,
        submission_id,
        source_sheet,
        source_row,
        link_status,
        path_code,
        score,
        evidence,
        is_decided,
        candidate_rank
    from suggestions

)

select * from final
