{{ config(meta={'replicated': true}) }}

with

regions as (

    select * from {{ ref('stg_reference__region') }}

),

valid as (

    select *
    from regions
    where
        valid_from <= {{ last_day("'" ~ var('period') ~ "'") }}
        and coalesce(valid_to, 'infinity'::date) >= {{ last_day("'" ~ var('period') ~ "'") }}

),

villages as (

    select
        village.region_code,
        village.name,
        village.level_code,
        village.parent_code,
        village.region_code as village_code,
        village.name as village_name,
        township.region_code as township_code,
        township.name as township_name,
        county.region_code as county_region_code,
        county.name as county_name,
        village.is_poor_village,
        village.is_ecological_zone,
        village.is_water_short_zone
    from valid as village
    left join valid as township on village.parent_code = township.region_code and township.level_code = 'township'
    left join valid as county on township.parent_code = county.region_code and county.level_code = 'county'
    where village.level_code = 'village'

),

townships as (

    select
        township.region_code,
        township.name,
        township.level_code,
        township.parent_code,
        null::text as village_code,
        null::text as village_name,
        township.region_code as township_code,
        township.name as township_name,
        county.region_code as county_region_code,
        county.name as county_name,
        township.is_poor_village,
        township.is_ecological_zone,
        township.is_water_short_zone
    from valid as township
    left join valid as county on township.parent_code = county.region_code and county.level_code = 'county'
    where township.level_code = 'township'

),

counties as (

    select
        region_code,
        name,
        level_code,
        parent_code,
        null::text as village_code,
        null::text as village_name,
        null::text as township_code,
        null::text as township_name,
        region_code as county_region_code,
        name as county_name,
        is_poor_village,
        is_ecological_zone,
        is_water_short_zone
    from valid
    where level_code = 'county'

),

flattened as (

    select * from villages
    union all
    select * from townships
    union all
    select * from counties

),

final as (

    select
        '{{ var("county_code") }}'::text as county_code,
        flattened.*
    from flattened
    where left(flattened.region_code, 6) = '{{ var("county_code") }}'

)

select * from final
