{{ config(contract={'enforced': true}, meta={'replicated': true}, pre_hook='{{ check_engine() }}') }}

{%- set month_end = last_day("'" ~ var('period') ~ "'") %}

with

thresholds as (

    select * from {{ ref('stg_reference__threshold') }}

),

valid as (

    select *
    from thresholds
    where
        valid_from <= {{ month_end }}
        and coalesce(valid_to, 'infinity'::date) >= {{ month_end }}
        and {{ covers_county('region_code') }}

),

-- A place beats the whole country (a county its prefecture), then the newer date beats the older one.
chosen as (

    select distinct on (parameter_code)
        parameter_code,
        value
    from valid
    order by parameter_code asc, {{ nearness('region_code') }} desc, valid_from desc

),

final as (

    select
        '{{ var("county_code") }}'::text as county_code,
        '{{ var("period") }}'::text as period,
        {{ first_day("'" ~ var('period') ~ "'") }} as first_day,
        {{ month_end }} as last_day,
        extract(year from {{ month_end }})::integer as insurance_year,
        ({{ term_code("'" ~ var('period') ~ "'") }})::text as term_code,
        -- the 31 August on or before the end of the month
        make_date(
            extract(year from {{ month_end }})::integer
            - case when extract(month from {{ month_end }}) >= 8 then 0 else 1 end,
            8,
            31
        ) as school_age_date,
        {%- for parameter in [
            'carry_register', 'carry_education', 'carry_insurance', 'carry_water', 'carry_power', 'survey_carry_months',
            'house_cert_months', 'quality_test_months', 'newborn_days', 'water_cut_days', 'compulsory_age_min',
            'compulsory_age_max', 'xd_gap_months', 'due_day', 'xd_grace_months', 'reopen_months', 'zero_kwh_months',
            'empty_house_months', 'connect_days', 'aid_due_day',
            'contract_valid_months', 'followup_days', 'senior_grant_yuan', 'suspect_days', 'water_cut_warn_days',
            'verify_days', 'recognition_days', 'clear_min_months', 'xd_age_months', 'detector_min_n', 'rush_min_n',
            'same_income_n', 'certs_per_day', 'round_base'
        ] %}
        max(value) filter (where parameter_code = '{{ parameter }}')::integer as {{ parameter }},
        {%- endfor %}
        {%- for parameter in [
            'amount_tol_abs', 'amount_tol_rel', 'dibao_exit_multiple', 'own_premium_limit', 'empty_kwh_max',
            'scheme_count_tol', 'lack_labour_share', 'outlier_mad', 'med_household_share', 'income_drop', 'monitor_line', 'income_rise',
            'copy_share', 'rush_share', 'round_margin', 'heap_width', 'heap_ratio'
        ] %}
        max(value) filter (where parameter_code = '{{ parameter }}')::numeric as {{ parameter }},
        {%- endfor %}
        max(value) filter (where parameter_code = 'serious_auto') = '是' as serious_auto,
        max(value) filter (where parameter_code = 'low_voltage_unmet') = '是' as low_voltage_unmet,
        max(value) filter (where parameter_code = 'free_kwh_granted') = '是' as free_kwh_granted,
        max(value) filter (where parameter_code = 'deductible_abolished') = '是' as deductible_abolished
    from chosen
    -- no row at all from no parameter at all: an empty run makes an empty table
    having count(*) > 0

)

select * from final
