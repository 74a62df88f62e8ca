{%- set five = ['food', 'clothing', 'education', 'medical', 'housing'] %}
{%- set seven = five + ['water', 'power'] %}

with

households as (

    select * from {{ ref('fct_household_month') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

-- One pass over the households: a row for each village (or for no village) and guarantee.
states as (

    {% for guarantee in seven -%}
    select
        county_code,
        period,
        village_code,
        '{{ guarantee }}'::text as guarantee,
        {{ guarantee }}_state as state,
        {{ guarantee }}_is_carried as is_carried
    from households
    union all
    {% endfor -%}
    {% for name, parts in {'five': five, 'seven': seven}.items() -%}
    select
        county_code,
        period,
        village_code,
        '{{ name }}'::text as guarantee,
        {{ name }}_state as state,
        {{ parts | join('_is_carried or ') }}_is_carried as is_carried
    from households
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

villages as (

    select
        county_code,
        period,
        village_code as region_code,
        village_code,
        'village'::text as level_code,
        guarantee,
        count(*)::integer as universe,
        (count(*) filter (where state = 'met'))::integer as met,
        (count(*) filter (where state = 'unmet'))::integer as unmet,
        (count(*) filter (where state = 'unknown'))::integer as unknown,
        bool_or(is_carried) as is_carried
    from states
    where village_code is not null
    group by county_code, period, village_code, guarantee

),

-- Townships come from their villages and counties from the households themselves, on purpose by two ways: a household
-- without a village, or a village without a township, shows up as a difference between the levels (P-01).
townships as (

    select
        villages.county_code,
        villages.period,
        regions.parent_code as region_code,
        null::text as village_code,
        'township'::text as level_code,
        villages.guarantee,
        sum(villages.universe)::integer as universe,
        sum(villages.met)::integer as met,
        sum(villages.unmet)::integer as unmet,
        sum(villages.unknown)::integer as unknown,
        bool_or(villages.is_carried) as is_carried
    from villages
    inner join regions
        on
            villages.region_code = regions.region_code
            and villages.county_code = regions.county_code
            and regions.parent_code is not null
    group by villages.county_code, villages.period, regions.parent_code, villages.guarantee

),

counties as (

    select
        county_code,
        period,
        rpad(county_code, 12, '0') as region_code,
        null::text as village_code,
        'county'::text as level_code,
        guarantee,
        count(*)::integer as universe,
        (count(*) filter (where state = 'met'))::integer as met,
        (count(*) filter (where state = 'unmet'))::integer as unmet,
        (count(*) filter (where state = 'unknown'))::integer as unknown,
        bool_or(is_carried) as is_carried
    from states
    group by county_code, period, guarantee

),

levels as (

    select * from villages
    union all
    select * from townships
    union all
    select * from counties

),

final as (

    select
        levels.county_code,
        levels.period,
        levels.region_code,
        levels.village_code,
        case levels.level_code
            when 'village' then regions.parent_code
            when 'township' then levels.region_code
        end as township_code,
        levels.level_code,
        levels.guarantee,
        levels.universe,
        levels.met,
        levels.unmet,
        levels.unknown,
        (levels.met::numeric / nullif(levels.universe, 0))::numeric(9, 6) as rate_min,
        ((levels.met + levels.unknown)::numeric / nullif(levels.universe, 0))::numeric(9, 6) as rate_max,
        levels.is_carried
    from levels
    left join regions on levels.region_code = regions.region_code and levels.county_code = regions.county_code

)

select * from final
