with recursive

regions as (

    select * from {{ ref('stg_reference__region') }}
    where left(region_code, 6) = '{{ var("county_code") }}' and level_code in ('county', 'township', 'village')

),

levels as (

    select * from {{ ref('dim_region_level') }}

),

-- A division is what it is at the end of a month: a merger on the 15th holds from that month on.
monthly as (

    select
        *,
        {{ month_of('valid_from') }} as from_month,
        case
            when valid_to is null then '{{ end_of_time() }}'
            when valid_to = (date_trunc('month', valid_to) + interval '1 month' - interval '1 day')::date
                then {{ month_of('valid_to') }}
            else {{ month_of("valid_to - interval '1 month'") }}
        end as to_month
    from regions

),

counties as (

    select
        *,
        null::text as township_code,
        null::text as township_name,
        region_code as county_region_code
    from monthly
    where level_code = 'county'

),

townships as (

    select
        township.*,
        township.region_code as township_code,
        township.name as township_name,
        township.parent_code as county_region_code
    from monthly as township
    where township.level_code = 'township'

),

-- A village has a version for each version of the townships it lay in.
villages as (

    select
        village.region_code,
        village.name,
        village.level_code,
        village.parent_code,
        village.successor_code,
        village.is_poor_village,
        village.is_ecological_zone,
        village.is_water_short_zone,
        greatest(village.from_month, townships.from_month) as from_month,
        least(village.to_month, townships.to_month) as to_month,
        townships.township_code,
        townships.township_name,
        townships.county_region_code
    from monthly as village
    inner join townships
        on
            village.parent_code = townships.region_code
            and village.from_month <= townships.to_month
            and village.to_month >= townships.from_month
    where village.level_code = 'village'

),

{% set columns = [
    'region_code', 'name', 'level_code', 'parent_code', 'successor_code', 'is_poor_village', 'is_ecological_zone',
    'is_water_short_zone', 'from_month', 'to_month', 'township_code', 'township_name', 'county_region_code',
] -%}
versions as (

    select {{ columns | join(', ') }} from counties
    union all
    select {{ columns | join(', ') }} from townships
    union all
    select {{ columns | join(', ') }} from villages

),

-- The last row of each code: what it is now, or which code took its place.
latest as (

    select distinct on (region_code)
        region_code,
        successor_code,
        township_code,
        township_name,
        name
    from versions
    order by region_code asc, to_month desc

),

followed as (

    select
        region_code,
        region_code as current_region_code,
        successor_code as next_code,
        0 as steps
    from latest
    union all
    select
        followed.region_code,
        latest.region_code as current_region_code,
        latest.successor_code as next_code,
        followed.steps + 1 as steps
    from followed
    inner join latest on followed.next_code = latest.region_code
    where followed.steps < 20

),

current_codes as (

    select distinct on (region_code)
        region_code,
        current_region_code
    from followed
    order by region_code asc, steps desc

),

final as (

    select
        versions.region_code,
        '{{ var("county_code") }}'::text as county_code,
        versions.from_month as valid_from,
        versions.to_month as valid_to,
        versions.to_month = '{{ end_of_time() }}' as is_current,
        versions.name,
        versions.level_code,
        levels.name as level_name,
        versions.parent_code,
        versions.township_code,
        versions.township_name,
        versions.county_region_code,
        current_codes.current_region_code,
        latest.name as current_name,
        latest.township_code as current_township_code,
        latest.township_name as current_township_name,
        versions.is_poor_village,
        versions.is_ecological_zone,
        versions.is_water_short_zone
    from versions
    inner join current_codes on versions.region_code = current_codes.region_code
    inner join latest on current_codes.current_region_code = latest.region_code
    left join levels on versions.level_code = levels.level_code
    where versions.from_month <= versions.to_month

)

select * from final
