with

reconciliations as (

    select
        county_code,
        period,
        feed_id,
        submission_id,
        source_period,
        is_carried,
        accepted_rows,
        staged_rows,
        linked_rows,
        unlinked_rows,
        fact_rows,
        universe_households,
        reached_households
    from {{ published('fct_feed_reconciliation') }}

),

final as (

    select
        county_code,
        period,
        feed_id,
        submission_id,
        source_period,
        is_carried,
        accepted_rows,
        staged_rows,
        linked_rows,
        unlinked_rows,
        fact_rows,
        universe_households,
        reached_households,
        (linked_rows::numeric / nullif(staged_rows, 0))::numeric(9, 6) as linked_share,
        (reached_households::numeric / nullif(universe_households, 0))::numeric(9, 6) as reached_share
    from reconciliations

)

select * from final
