{{ config(contract={'enforced': true}, meta={'replicated': true}) }}

{#- Feeds whose rows belong to villages and transformer districts: they reach no household. -#}
{%- set of_places = ['water.scheme', 'power.transformer', 'power.outage', 'power.voltage'] -%}
{#- Indicators by the table of their evidence; the codes of one table are counted in one pass over it. -#}
{%- set of_households = [
    'POV-08', 'MON-02', 'MON-03', 'INC-03', 'CIV-02', 'HSG-01', 'HSG-02', 'HSG-03', 'WAT-04', 'PWR-05', 'OPS-09'
] -%}
{%- set of_persons = [
    'POV-01', 'POV-02', 'POV-06', 'POV-09', 'MON-01', 'CIV-04', 'HLT-01', 'HLT-02', 'HLT-03', 'HLT-06', 'EDU-01',
    'EDU-03', 'EDU-04', 'EDU-06'
] -%}
{#- Counted against a target or against nothing. -#}
{%- set without_denominator = ['POV-01', 'POV-02', 'POV-06', 'POV-08', 'POV-09', 'MON-03'] -%}
{%- set of_guarantees = {
    'food': 'GUA-01', 'clothing': 'GUA-02', 'education': 'GUA-03', 'medical': 'GUA-04', 'housing': 'GUA-05',
    'water': 'GUA-06', 'power': 'GUA-07', 'five': 'GUA-08', 'seven': 'GUA-09'
} -%}

with

households as (

    select * from {{ ref('fct_household_indicator') }}

),

persons as (

    select * from {{ ref('fct_person_indicator') }}

),

units as (

    select * from {{ ref('fct_indicator_unit') }}

),

guarantees as (

    select * from {{ ref('fct_guarantee_region_month') }}

),

feeds as (

    select * from {{ ref('fct_feed_reconciliation') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

-- One row a village, households without a village among them.
household_tallies as (

    select
        county_code,
        period,
        village_code,
        count(*) filter (where is_active) as household_count,
        sum(member_count) filter (where is_active) as member_count,
        {{ indicator_tallies(of_households) }}
    from households
    group by county_code, period, village_code

),

person_tallies as (

    select
        county_code,
        period,
        village_code,
        {{ indicator_tallies(of_persons) }}
    from persons
    group by county_code, period, village_code

),

-- The mode of supply is told apart; what belongs to no mode is in the whole alone.
supply_modes as (

    select distinct supply_mode_code
    from households
    where is_active and supply_mode_code is not null

),

mode_tallies as (

    select
        households.county_code,
        households.period,
        households.village_code,
        supply_modes.supply_mode_code as part,
        count(*) as unit_count,
        count(*) filter (
            where households.wat_04 = 'yes' and households.supply_mode_code = supply_modes.supply_mode_code
        ) as counted
    from households
    cross join supply_modes
    where households.is_active
    group by households.county_code, households.period, households.village_code, supply_modes.supply_mode_code

),

village_rows as (

    {{ indicator_rows('household_tallies', of_households, without_denominator) }}
    union all
    {{ indicator_rows('person_tallies', of_persons, without_denominator) }}
    union all
    select
        county_code,
        period,
        village_code,
        'POV-10'::text as indicator_code,
        ''::text as part,
        household_count as unit_count,
        member_count::numeric as numerator,
        household_count::numeric as denominator,
        0::numeric as unknown
    from household_tallies
    union all
    select
        county_code,
        period,
        village_code,
        'WAT-04'::text as indicator_code,
        part,
        unit_count,
        counted::numeric as numerator,
        unit_count::numeric as denominator,
        0::numeric as unknown
    from mode_tallies
    union all
    select
        county_code,
        period,
        village_code,
        indicator_code,
        ''::text as part,
        count(denominator) as unit_count,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        count(*) filter (where state = 'unknown')::numeric as unknown
    from units
    group by county_code, period, village_code, indicator_code

),

-- Of nobody there is nothing to say in a village.
villages as (

    select
        county_code,
        period,
        village_code as region_code,
        'village'::text as level_code,
        indicator_code,
        part,
        unit_count,
        numerator,
        denominator,
        unknown
    from village_rows
    where village_code is not null and unit_count > 0

),

-- Townships come from their villages and the county from all rows: by two ways, on purpose (P-01).
townships as (

    select
        villages.county_code,
        villages.period,
        regions.parent_code as region_code,
        'township'::text as level_code,
        villages.indicator_code,
        villages.part,
        sum(villages.unit_count) as unit_count,
        sum(villages.numerator) as numerator,
        sum(villages.denominator) as denominator,
        sum(villages.unknown) as unknown
    from villages
    inner join regions
        on
            villages.region_code = regions.region_code
            and villages.county_code = regions.county_code
            and regions.parent_code is not null
    group by villages.county_code, villages.period, regions.parent_code, villages.indicator_code, villages.part

),

counties as (

    select
        county_code,
        period,
        rpad(county_code, 12, '0') as region_code,
        'county'::text as level_code,
        indicator_code,
        part,
        sum(unit_count) as unit_count,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        sum(unknown) as unknown
    from village_rows
    group by county_code, period, indicator_code, part

),

-- ---------------------------------------------------------------- what is counted elsewhere
guarantee_rows as (

    {% for guarantee, code in of_guarantees.items() -%}
    select
        county_code,
        period,
        region_code,
        level_code,
        '{{ code }}'::text as indicator_code,
        ''::text as part,
        universe as unit_count,
        met::numeric as numerator,
        universe::numeric as denominator,
        unknown::numeric as unknown
    from guarantees
    where guarantee = '{{ guarantee }}'
    union all
    {% endfor -%}
    select
        county_code,
        period,
        region_code,
        level_code,
        'GUA-10'::text as indicator_code,
        guarantee as part,
        universe as unit_count,
        unknown::numeric as numerator,
        universe::numeric as denominator,
        0::numeric as unknown
    from guarantees

),

link_rows as (

    select
        county_code,
        period,
        rpad(county_code, 12, '0') as region_code,
        'county'::text as level_code,
        'OPS-07'::text as indicator_code,
        feed_id as part,
        universe_households as unit_count,
        reached_households::numeric as numerator,
        universe_households::numeric as denominator,
        0::numeric as unknown
    from feeds
    where
        submission_id is not null
        and feed_id not in (
            {%- for feed_id in of_places %}
            '{{ feed_id }}'{% if not loop.last %},{% endif %}
            {%- endfor %}
        )

),

connections as (

    select
        county_code,
        period,
        rpad(county_code, 12, '0') as region_code,
        'county'::text as level_code,
        'PWR-10'::text as indicator_code,
        ''::text as part,
        count(connect_days) as unit_count,
        percentile_cont(0.5) within group (order by connect_days)::numeric as numerator,
        count(connect_days)::numeric as denominator,
        0::numeric as unknown
    from households
    where connect_days is not null
    group by county_code, period

),

final as (

    select * from villages
    union all
    select * from townships
    union all
    select * from counties
    union all
    select * from guarantee_rows
    union all
    select * from link_rows
    union all
    select * from connections

)

select
    county_code,
    period,
    region_code,
    level_code,
    indicator_code,
    part,
    unit_count::bigint as unit_count,
    numerator,
    denominator,
    unknown
from final
