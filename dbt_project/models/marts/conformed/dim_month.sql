with

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

months as (

    select
        parameters.county_code,
        parameters.due_day,
        calendar.first_day::date as first_day,
        to_char(calendar.first_day, 'YYYY-MM') as period
    from parameters
    cross join generate_series(
        '{{ var("calendar_start") }}-01'::date, '{{ var("calendar_end") }}-01'::date, interval '1 month'
    ) as calendar (first_day)

),

final as (

    select
        period,
        county_code,
        first_day,
        {{ last_day('period') }} as last_day,
        extract(year from first_day)::integer as year,
        extract(quarter from first_day)::integer as quarter,
        (first_day + interval '1 month')::date + (due_day - 1) as due_date,
        extract(year from first_day)::integer as insurance_year,
        {{ term_code('period') }} as term_code
    from months

)

select * from final
