-- A division has no gap and no overlap in its history, and every village of the table is in it (RF-01).
with

versions as (

    select * from {{ ref('dim_region_version') }}

),

ordered as (

    select
        region_code,
        valid_from,
        lag(valid_to) over (partition by region_code order by valid_from) as valid_to_before
    from versions

),

missing as (

    select regions.region_code
    from {{ ref('stg_reference__region') }} as regions
    left join versions on regions.region_code = versions.region_code
    where
        left(regions.region_code, 6) = '{{ var("county_code") }}'
        and regions.level_code in ('county', 'township', 'village')
        and versions.region_code is null

)

select
    region_code,
    valid_from
from ordered
where valid_to_before is not null and valid_to_before <> {{ month_before('valid_from') }}
union all
select
    region_code,
    null::text as valid_from
from missing
