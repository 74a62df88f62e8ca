with

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

phases as (

    select * from {{ ref('stg_reference__campaign_phase') }}
    where {{ covers_county('region_code') }}

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

-- A phase that only the county has beats that of the country.
phased as (

    select distinct on (months.period)
        months.*,
        phases.phase_code as campaign_phase_code,
        phases.name as campaign_phase_name
    from months
    left join phases
        on
            months.first_day >= phases.valid_from
            and months.first_day <= coalesce(phases.valid_to, 'infinity'::date)
    order by months.period asc, {{ nearness('phases.region_code') }} desc nulls last, phases.valid_from desc

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
        {{ term_code('period') }} as term_code,
        campaign_phase_code,
        campaign_phase_name
    from phased

)

select * from final
