{{ config(contract={'enforced': true}, meta={'distributed_by': 'household_key'}) }}

with

households as (

    select * from {{ ref('fct_register_household') }}
    where is_active

),

connections as (

    select * from {{ ref('fct_power_connection') }}

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

feed_input as (

    select * from {{ ref('int_feed_input') }}
    where feed_id = 'power.connection'

),

-- Accounts that are not closed (4) and not suspended (5).
accounts as (

    select
        *,
        coalesce(has_living_power and power_source_code is distinct from '9', false) as is_living,
        coalesce(not has_living_power or power_source_code = '9', false) as is_without_power
    from connections
    where coalesce(account_status_code not in ('4', '5'), true)

),

supplied as (

    select
        household_key,
        bool_or(is_living) as has_living,
        coalesce(bool_and(coalesce(is_low_voltage, false)) filter (where is_living), false) as is_all_low_voltage,
        bool_or(has_living_power is null and usage_kwh > 0) as is_used,
        bool_and(is_without_power) as is_all_without_power,
        max(age_periods) as age_periods,
        max(source_period) as source_period,
        min(submission_id) as submission_id,
        min(source_sheet) as source_sheet,
        min(source_row) as source_row
    from accounts
    group by household_key

),

evidence as (

    select
        households.household_key,
        households.county_code,
        households.period,
        households.stated_has_living_power,
        parameters.low_voltage_unmet,
        supplied.household_key is not null as has_account,
        supplied.has_living,
        supplied.is_all_low_voltage,
        supplied.is_used,
        supplied.is_all_without_power,
        supplied.age_periods > parameters.carry_power as is_row_stale,
        {{ contradicted(
            'not households.stated_has_living_power', 'households.surveyed_month', 'supplied.source_period'
        ) }} as is_contradicted,
        supplied.submission_id as evidence_submission_id,
        supplied.source_sheet as evidence_sheet,
        supplied.source_row as evidence_row
    from households
    cross join parameters
    left join supplied on households.household_key = supplied.household_key

),

-- Row 0 is a case the table leaves open: an account within its limit that says neither that there is power nor that
-- there is none, and shows no use.
matched as (

    select
        *,
        case
            when has_account and has_living and is_all_low_voltage and low_voltage_unmet then 1
            when has_account and has_living and not is_row_stale and not is_contradicted then 2
            when has_account and has_living and not is_row_stale then 3
            when has_account and is_used and not is_row_stale then 4
            when has_account and is_all_without_power then 5
            when has_account and is_row_stale then 6
            when not has_account and not stated_has_living_power then 7
            when not has_account then 8
            else 0
        end as table_row
    from evidence

),

judged as (

    select
        *,
        case
            when table_row in (1, 5, 7) then 'unmet'
            when table_row in (2, 4) then 'met'
            else 'unknown'
        end as state,
        case table_row
            when 0 then 'partial'
            when 1 then 'low_voltage'
            when 2 then 'connected'
            when 3 then 'conflict'
            when 4 then 'used'
            when 5 then 'not_supplied'
            when 6 then 'stale'
            when 7 then 'declared'
            when 8 then 'no_row'
        end as reason,
        coalesce(is_row_stale, false) as is_stale
    from matched

),

final as (

    select
        {{ guarantee_columns('power') }}
    from judged
    left join feed_input on true

)

select * from final
