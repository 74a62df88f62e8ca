{{ config(meta={'replicated': true}) }}

{%- set month_end = last_day("'" ~ var('period') ~ "'") %}

with

standards as (

    select * from {{ ref('stg_reference__benefit_standard') }}

),

-- A place beats the whole country (a county its prefecture), then the newer date beats the older one.
chosen as (

    select distinct on (benefit_code, class_code)
        benefit_code,
        class_code,
        value_yuan,
        per
    from standards
    where
        valid_from <= {{ month_end }}
        and coalesce(valid_to, 'infinity'::date) >= {{ month_end }}
        and {{ covers_county('region_code') }}
    order by benefit_code asc, class_code asc, {{ nearness('region_code') }} desc, valid_from desc

),

final as (

    select
        benefit_code,
        class_code,
        case per when 'month' then value_yuan end as month_yuan,
        case per when 'term' then value_yuan when 'year' then (value_yuan / 2)::numeric(14, 2) end as term_yuan,
        case per when 'month' then value_yuan * 12 when 'term' then value_yuan * 2 else value_yuan end as year_yuan
    from chosen

)

select * from final
