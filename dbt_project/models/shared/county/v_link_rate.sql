with

rates as (

    select
        county_code,
        period,
        feed_id,
        link_status,
        link_path,
        row_count,
        feed_row_count,
        household_count
    from {{ published('fct_link_rate') }}

),

final as (

    select
        county_code,
        period,
        feed_id,
        link_status,
        link_path,
        row_count,
        feed_row_count,
        (row_count::numeric / feed_row_count)::numeric(9, 6) as row_share,
        household_count
    from rates

)

select * from final
