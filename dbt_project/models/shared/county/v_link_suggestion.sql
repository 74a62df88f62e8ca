with

suggestions as (

    select * from {{ published('fct_link_suggestion') }}

),

households as (

    select * from {{ published('dim_household') }}

),

final as (

    select
        suggestions.county_code,
        suggestions.period,
        suggestions.feed_id,
        suggestions.submission_id,
        suggestions.source_sheet,
        suggestions.source_row,
        suggestions.link_status,
        suggestions.candidate_rank,
        households.household_no,
        suggestions.path_code,
        suggestions.score,
        suggestions.evidence,
        suggestions.is_decided
    from suggestions
    inner join households
        on suggestions.household_key = households.household_key and suggestions.county_code = households.county_code

)

select * from final
