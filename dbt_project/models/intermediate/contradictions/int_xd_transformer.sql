{{ config(meta={'replicated': true}) }}

{#- What the other feeds of power say of a transformer, held against the table of transformers. -#}
with

transformers as (

    select * from {{ ref('stg_power__transformer') }}

),

accounts as (

    select * from {{ ref('stg_power__connection') }}
    where coalesce(power_source_code, '1') = '1'

),

voltages as (

    select * from {{ ref('stg_power__voltage') }}

),

outages as (

    select * from {{ ref('stg_power__outage') }}

),

places as (

    select * from {{ ref('int_transformer') }}

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

{{ comparable_feeds({'transformer': {'id': 'power.transformer'}}) }},

mentions as (

    select
        transformer_no,
        null::numeric as affected_count,
        {{ at('power.connection') }} as mention_at
    from accounts
    union all
    select
        transformer_no,
        null::numeric as affected_count,
        {{ at('power.voltage') }} as mention_at
    from voltages
    union all
    select
        transformer_no,
        affected_household_count::numeric as affected_count,
        {{ at('power.outage') }} as mention_at
    from outages

),

mentioned as (

    select
        transformer_no,
        min(mention_at) as mention_at,
        max(affected_count) as affected_count,
        (array_agg(mention_at order by affected_count desc nulls last, mention_at asc))[1] as affected_at
    from mentions
    where transformer_no is not null
    group by transformer_no

),

known as (

    select
        transformer_no,
        max(household_count) as household_count,
        min({{ at('power.transformer') }}) as transformer_at
    from transformers
    group by transformer_no

),

facts as (

    select
        '{{ var("county_code") }}'::text as county_code,
        '{{ var("period") }}'::text as period,
        mentioned.transformer_no,
        places.village_code,
        regions.township_code,
        known.transformer_no is not null as is_known,
        mentioned.affected_count,
        known.household_count,
        mentioned.mention_at,
        mentioned.affected_at,
        known.transformer_at,
        feeds.*
    from mentioned
    cross join feeds
    left join known on mentioned.transformer_no = known.transformer_no
    left join places on mentioned.transformer_no = places.transformer_no
    left join regions on places.village_code = regions.village_code

),

judged as (

    select
        *,
        {{ result_columns(transformer_rules()) }}
    from facts

),

final as (

    select
        county_code,
        period,
        transformer_no,
        village_code,
        township_code,
        {% for rule in transformer_rules() -%}
        {{ rule_column(rule) }},
        {% endfor -%}
        {{ statement_columns(transformer_rules()) }}
    from judged

)

select * from final
