{{ config(contract={'enforced': true}, meta={'replicated': true}) }}

{%- set month_end = last_day("'" ~ var('period') ~ "'") %}

with

thresholds as (

    select * from {{ ref('stg_reference__indicator_threshold') }}

),

parameters as (

    select distinct on (parameter_code)
        parameter_code,
        value
    from {{ ref('stg_reference__threshold') }}
    where
        valid_from <= {{ month_end }}
        and coalesce(valid_to, 'infinity'::date) >= {{ month_end }}
        and {{ covers_county('region_code') }}
    order by parameter_code asc, {{ nearness('region_code') }} desc, valid_from desc

),

-- A place beats what it lies in, then the newer row beats the older one.
chosen as (

    select distinct on (indicator_code) *
    from thresholds
    where
        valid_from <= {{ month_end }}
        and coalesce(valid_to, 'infinity'::date) >= {{ month_end }}
        and {{ covers_county('region_code') }}
    order by indicator_code asc, {{ nearness('region_code') }} desc, valid_from desc

),

-- A value in braces is the name of a parameter.
final as (

    select
        '{{ var("county_code") }}'::text as county_code,
        chosen.indicator_code,
        chosen.operator,
        coalesce(parameters.value, chosen.value)::numeric as threshold_value,
        chosen.due_date,
        coalesce(chosen.due_date <= {{ month_end }}, true) as is_due,
        coalesce(chosen.clause, chosen.source) as threshold_source
    from chosen
    left join parameters on chosen.value = '{' || parameters.parameter_code || '}'

)

select * from final
