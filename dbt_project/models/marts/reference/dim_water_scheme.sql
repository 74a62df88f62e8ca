{%- set columns = [
    'scheme_no',
    'county_code',
    'scheme_name',
    'scheme_class_code',
    'supply_mode_code',
    'intake_code',
    'management_unit_name',
    'completed_month',
    'served_village_count',
    'attribute_period',
] -%}

with

schemes as (

    select * from {{ ref('fct_water_scheme') }}

),

-- One row a scheme out of one row a village: what is said of the whole scheme is the same in each.
present as (

    select
        scheme_no,
        county_code,
        min(scheme_name) as scheme_name,
        min(scheme_class_code) as scheme_class_code,
        min(supply_mode_code) as supply_mode_code,
        min(intake_code) as intake_code,
        min(management_unit_name) as management_unit_name,
        min(completed_month) as completed_month,
        count(distinct village_code)::integer as served_village_count,
        max(source_period) as attribute_period
    from schemes
    group by scheme_no, county_code

),

published as (

    select * from {{ ref('stg_published__water_scheme') }}

),

{{ newest(present='present', published='published', key='scheme_no', columns=columns) }}

select * from final
