{%- set columns = [
    'school_key',
    'county_code',
    'school_name',
    'school_code',
    'lowest_stage_code',
    'highest_stage_code',
    'attribute_period',
] -%}

with

pupils as (

    select
        school_name,
        school_code,
        stage_code,
        source_period
    from {{ ref('stg_education__enrolment') }}
    union all
    select
        school_name,
        null::text as school_code,
        null::text as stage_code,
        source_period
    from {{ ref('stg_education__dropout') }}
    union all
    select
        school_name,
        null::text as school_code,
        stage_code,
        source_period
    from {{ ref('stg_education__aid') }}

),

present as (

    select
        {{ school_key('school_name') }} as school_key,
        '{{ var("county_code") }}'::text as county_code,
        school_name,
        max(school_code) as school_code,
        min(stage_code) as lowest_stage_code,
        max(stage_code) as highest_stage_code,
        max(source_period) as attribute_period
    from pupils
    where school_name is not null
    group by school_name

),

published as (

    select * from {{ ref('stg_published__school') }}

),

{{ newest(present='present', published='published', key='school_key', columns=columns) }}

select * from final
