{{ config(meta={'replicated': true}) }}

{%- set month_end = last_day("'" ~ var('period') ~ "'") %}

with

thresholds as (

    select * from {{ ref('stg_reference__threshold') }}
    where parameter_code = 'poverty_line' and {{ covers_county('region_code') }}

),

years as (

    select
        generate_series(
            extract(year from valid_from)::integer,
            extract(year from least(coalesce(valid_to, {{ month_end }}), {{ month_end }}))::integer
        ) as income_year,
        region_code,
        valid_from,
        valid_to,
        value
    from thresholds

),

-- A place beats the whole country (a county its prefecture), then the newer date beats the older one.
final as (

    select distinct on (income_year)
        income_year,
        value::numeric as poverty_line_yuan
    from years
    where coalesce(valid_to, 'infinity'::date) >= make_date(income_year, 12, 31)
    order by income_year asc, {{ nearness('region_code') }} desc, valid_from desc

)

select * from final
