{%- set guarantees = ['food', 'clothing', 'education', 'medical', 'housing', 'water', 'power'] -%}

with

households as (

    select
        county_code,
        period,
        household_no,
        village_code,
        township_code,
        member_count,
        register_class_code,
        poverty_status_code,
        monitor_class_code,
        {%- for guarantee in guarantees %}
        {{ guarantee }}_state,
        {{ guarantee }}_reason,
        {{ guarantee }}_source_period,
        {{ guarantee }}_is_carried,
        {%- endfor %}
        five_state,
        seven_state,
        on_dibao
    from {{ published('fct_household_month') }}

),

regions as (

    select
        village_name,
        township_name,
        region_code,
        county_code
    from {{ published('dim_region') }}

),

final as (

    select
        households.county_code,
        households.period,
        households.household_no,
        households.village_code,
        regions.village_name,
        households.township_code,
        regions.township_name,
        households.member_count,
        households.register_class_code,
        households.poverty_status_code,
        households.monitor_class_code,
        {%- for guarantee in guarantees %}
        households.{{ guarantee }}_state,
        households.{{ guarantee }}_reason,
        households.{{ guarantee }}_source_period,
        households.{{ guarantee }}_is_carried,
        {%- endfor %}
        households.five_state,
        households.seven_state,
        households.on_dibao
    from households
    left join regions
        on households.village_code = regions.region_code and households.county_code = regions.county_code

)

select * from final
