{{ config(meta={'replicated': true}) }}

{#- XD-48 asks about a scheme, not about a household: what it says it serves, and who was found to be served by it. -#}
{%- set rules = [{
    'id': 'XD-48', 'needs': ['has_scheme', 'has_household', 'has_supply'],
    'scope': 'served_count is not null',
    'holds': 'abs(served_count - linked_count) <= greatest(2, scheme_count_tol * linked_count)',
}] %}

with

schemes as (

    select * from {{ ref('fct_water_scheme') }}

),

supplies as (

    select * from {{ ref('fct_water_supply') }}

),

regions as (

    select * from {{ ref('int_region') }}
    where level_code = 'village'

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

inputs as (

    select * from {{ ref('int_feed_input') }}

),

{{ comparable_feeds({
    'household': {'id': 'register.household'},
    'supply': {'id': 'water.supply'},
    'scheme': {'id': 'water.scheme'},
}) }},

-- The figures of a scheme repeat in each of its villages.
served as (

    select
        scheme_no,
        min(village_code) as village_code,
        max(served_register_household_count) as served_count,
        min({{ at('water.scheme') }}) as scheme_at
    from schemes
    group by scheme_no

),

linked as (

    select
        scheme_no,
        count(distinct household_key) as linked_count
    from supplies
    group by scheme_no

),

facts as (

    select
        '{{ var("county_code") }}'::text as county_code,
        '{{ var("period") }}'::text as period,
        served.scheme_no,
        served.village_code,
        regions.township_code,
        served.served_count,
        coalesce(linked.linked_count, 0) as linked_count,
        served.scheme_at,
        parameters.scheme_count_tol,
        feeds.*
    from served
    cross join parameters
    cross join feeds
    left join linked on served.scheme_no = linked.scheme_no
    left join regions on served.village_code = regions.village_code

),

final as (

    select
        county_code,
        period,
        scheme_no,
        village_code,
        township_code,
        {{ result_columns(rules) }},
        served_count::text as statement_a,
        linked_count::text as statement_b,
        scheme_at
    from facts

)

select * from final
