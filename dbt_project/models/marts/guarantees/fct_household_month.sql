{%- set guarantees = ['food', 'clothing', 'education', 'medical', 'housing', 'water', 'power'] %}
{#- A department's block and the feed it stands on. -#}
{%- set blocks = {
    'register': 'register.household',
    'civil_affairs': 'civil_affairs.dibao',
    'health': 'health.insurance',
    'education': 'education.enrolment',
    'housing': 'housing.assessment',
    'water': 'water.supply',
    'power': 'power.connection',
} %}
{#- How old it may be, and what its age is: months without lessons do not make a roll older. -#}
{%- set ages = {'education': 'age_in_term'} %}
{%- set limits = {
    'register': 'carry_register',
    'civil_affairs': 'xd_gap_months',
    'health': 'carry_insurance',
    'education': 'carry_education',
    'water': 'carry_water',
    'power': 'carry_power',
} %}

with

households as (

    select * from {{ ref('fct_register_household') }}
    where is_active

),

guarantees as (

    select * from {{ ref('int_guarantee_household') }}

),

certificates as (

    select * from {{ ref('fct_dibao') }}

),

inputs as (

    select * from {{ ref('int_feed_input') }}

),

dibao_input as (

    select * from {{ ref('int_feed_input') }}
    where feed_id = 'civil_affairs.dibao'

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

pivoted as (

    select
        household_key,
        {%- for guarantee in guarantees %}
        max(state) filter (where guarantee = '{{ guarantee }}') as {{ guarantee }}_state,
        max(reason) filter (where guarantee = '{{ guarantee }}') as {{ guarantee }}_reason,
        max(source_period) filter (where guarantee = '{{ guarantee }}') as {{ guarantee }}_source_period,
        bool_or(is_stale) filter (where guarantee = '{{ guarantee }}') as {{ guarantee }}_is_stale,
        bool_or(is_carried) filter (where guarantee = '{{ guarantee }}') as {{ guarantee }}_is_carried
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from guarantees
    group by household_key

),

-- On dibao: a payee of the rural or the urban roll that has not been stopped.
payees as (

    select distinct household_key
    from certificates
    where category_code in ('01', '02') and stopped_month is null

),

dibao_list as (

    select
        parameters.period,
        coalesce(dibao_input.is_received and dibao_input.age_periods <= parameters.xd_gap_months, false) as is_current
    from parameters
    left join dibao_input on true

),

-- One row: what each department's block of this month stands on.
sources as (

    select
        max(period) as period,
        {%- for block, feed_id in blocks.items() %}
        max(submission_id) filter (where feed_id = '{{ feed_id }}') as block_{{ block }}_submission_id,
        max(source_period) filter (where feed_id = '{{ feed_id }}') as block_{{ block }}_source_period,
        max(age_periods) filter (where feed_id = '{{ feed_id }}') as block_{{ block }}_age_periods,
        max({{ ages.get(block, 'age_periods') }}) filter (where feed_id = '{{ feed_id }}') as block_{{ block }}_age
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from inputs
    where is_received

),

final as (

    select
        households.household_key,
        households.county_code,
        households.period,
        households.household_no,
        households.village_code,
        households.township_code,
        households.member_count,
        households.register_class_code,
        households.poverty_status_code,
        households.monitor_class_code,
        coalesce(households.register_class_code, '0')
        || coalesce(households.poverty_attribute_code, '0')
        || coalesce(households.monitor_class_code, '0') as household_type_code,
        {%- for guarantee in guarantees %}
        pivoted.{{ guarantee }}_state,
        pivoted.{{ guarantee }}_reason,
        pivoted.{{ guarantee }}_source_period,
        pivoted.{{ guarantee }}_is_carried,
        pivoted.{{ guarantee }}_is_stale,
        {%- endfor %}
        {{ kleene_and([
            'pivoted.food_state', 'pivoted.clothing_state', 'pivoted.education_state', 'pivoted.medical_state',
            'pivoted.housing_state'
        ]) }} as five_state,
        {{ kleene_and([
            'pivoted.food_state', 'pivoted.clothing_state', 'pivoted.education_state', 'pivoted.medical_state',
            'pivoted.housing_state', 'pivoted.water_state', 'pivoted.power_state'
        ]) }} as seven_state,
        case
            when not dibao_list.is_current then 'unknown'
            when payees.household_key is not null then 'yes'
            else 'no'
        end as on_dibao,
        {%- for block in blocks %}
        sources.block_{{ block }}_submission_id,
        sources.block_{{ block }}_source_period,
        sources.block_{{ block }}_age_periods,
        {#- A housing certificate counts by its own date, whichever month sent it. #}
        {%- if block in limits %}
        coalesce(sources.block_{{ block }}_age > parameters.{{ limits[block] }}, true) as block_{{ block }}_is_stale
        {%- else %}
        sources.block_{{ block }}_age is null as block_{{ block }}_is_stale
        {%- endif %}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from households
    left join pivoted on households.household_key = pivoted.household_key
    left join payees on households.household_key = payees.household_key
    cross join dibao_list
    cross join sources
    cross join parameters

)

select * from final
