{%- set measures = book_measures('cards') -%}
{%- set types = {'arable_land_mu': 'numeric(18,2)', 'net_income_yuan': 'numeric(18,2)'} -%}

with

households as (

    select * from {{ ref('fct_household_month') }}

),

registered as (

    select * from {{ ref('fct_register_household') }}
    where is_active

),

members as (

    select * from {{ ref('fct_register_member') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

people as (

    {{ card_people('members') }}

),

cards as (

    select
        households.*,
        coalesce(people.person_count, 0) as person_count,
        coalesce(people.labour_count, 0) as labour_count,
        coalesce(people.pupil_count, 0) as pupil_count,
        coalesce(people.disabled_count, 0) as disabled_count,
        households.monitor_class_code is not null and not coalesce(registered.is_risk_removed, false) as is_monitored,
        coalesce(registered.arable_land_mu, 0) as arable_land_mu,
        coalesce(registered.net_income_yuan, 0) as net_income_yuan
    from households
    inner join registered on households.household_key = registered.household_key
    left join people on households.household_key = people.household_key

),

villages as (

    select
        cards.county_code,
        cards.period,
        cards.village_code as region_code,
        cards.village_code,
        'village'::text as level_code,
        {%- for name, counted in measures.items() %}
        sum({{ counted }}) as {{ name }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from cards
    where cards.village_code is not null
    group by cards.county_code, cards.period, cards.village_code

),

-- As for the guarantees: townships from their villages, the county from the households, so that a household without a
-- village or a village without a township shows up as a difference (P-01).
townships as (

    select
        villages.county_code,
        villages.period,
        regions.parent_code as region_code,
        null::text as village_code,
        'township'::text as level_code,
        {%- for name in measures %}
        sum(villages.{{ name }}) as {{ name }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from villages
    inner join regions
        on
            villages.region_code = regions.region_code
            and villages.county_code = regions.county_code
            and regions.parent_code is not null
    group by villages.county_code, villages.period, regions.parent_code

),

counties as (

    select
        cards.county_code,
        cards.period,
        rpad(cards.county_code, 12, '0') as region_code,
        null::text as village_code,
        'county'::text as level_code,
        {%- for name, counted in measures.items() %}
        sum({{ counted }}) as {{ name }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from cards
    group by cards.county_code, cards.period

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
        {%- for name in measures %}
        levels.{{ name }}::{{ types.get(name, 'integer') }} as {{ name }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from levels
    left join regions on levels.region_code = regions.region_code and levels.county_code = regions.county_code

)

select * from final
