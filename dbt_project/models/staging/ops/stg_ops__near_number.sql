with

near_numbers as (

    select * from {{ source('quarantine', 'near_number') }}

),

pinned as (

    select * from {{ ref('base_ops__build_input') }}

),

final as (

    select
        pinned.county_code,
        pinned.period,
        pinned.feed_id,
        near_numbers.submission_id,
        near_numbers.source_sheet,
        near_numbers.source_row,
        near_numbers.rule_id,
        near_numbers.sent_hash,
        near_numbers.candidate_hash,
        near_numbers.person_name_hash,
        near_numbers.township_name,
        near_numbers.village_name
    from near_numbers
    inner join pinned on near_numbers.submission_id = pinned.submission_id
    where not pinned.is_carried

)

select * from final
