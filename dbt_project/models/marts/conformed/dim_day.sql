with

months as (

    select * from {{ ref('dim_month') }}

),

days as (

    select
        months.period,
        months.county_code,
        months.year,
        months.quarter,
        calendar.moment::date as calendar_date
    from months
    cross join generate_series(months.first_day, months.last_day, interval '1 day') as calendar (moment)

),

final as (

    select
        calendar_date,
        county_code,
        period,
        year,
        quarter,
        extract(isodow from calendar_date)::integer as iso_weekday
    from days

)

select * from final
