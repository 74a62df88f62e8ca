{#-
    The ledger of signals as this month leaves it. A row is in it as long as its condition holds, and for
    {reopen_months} months after; a visit closes it, too, and then it stays closed until the condition has ended once.
-#}
with

outlook as (

    select * from {{ ref('int_outlook') }}

),

before as (

    select * from {{ ref('stg_published__signal') }}

),

rules as (

    select * from {{ ref('stg_reference__rule') }}
    where family = 'W'

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

clues as (

    select
        household_key,
        red,
        unnest(fired) as signal_id
    from outlook

),

fired as (

    select
        household_key,
        signal_id,
        case when signal_id = any(red) then 'red' else 'yellow' end as level_code
    from clues

),

subjects as (

    select
        household_key,
        signal_id
    from fired
    union
    select
        household_key,
        signal_id
    from before

),

met as (

    select
        subjects.household_key,
        subjects.signal_id,
        parameters.period,
        coalesce(outlook.household_no, before.household_no) as household_no,
        coalesce(outlook.village_code, before.village_code) as village_code,
        coalesce(outlook.township_code, before.township_code) as township_code,
        fired.signal_id is not null as is_firing,
        -- a household that the register does not show this month has not got better for it
        outlook.household_key is null as is_silent,
        not coalesce(outlook.is_active, true) as is_gone,
        coalesce(fired.level_code, before.level_code) as level_code,
        -- a row that has been closed for long is another story
        before.signal_id is not null
        and coalesce(
            {{ months_between('greatest(before.closed_period, before.last_seen_period)', 'parameters.period') }}
            <= parameters.reopen_months or before.closed_period is null,
            false
        ) as is_known,
        before.first_seen_period as first_before,
        before.opened_period as opened_before,
        before.last_seen_period as seen_before,
        before.closed_period as closed_before,
        before.close_reason as reason_before,
        before.times_opened as times_before,
        -- closed by a visit, and the condition has held in every month since
        coalesce(before.close_reason = 'visited' and before.last_seen_period = before.period, false) as is_settled,
        outlook.surveyed_month
    from subjects
    cross join parameters
    left join outlook on subjects.household_key = outlook.household_key
    left join fired on subjects.household_key = fired.household_key and subjects.signal_id = fired.signal_id
    left join before on subjects.household_key = before.household_key and subjects.signal_id = before.signal_id

),

opened as (

    select
        *,
        -- anew, or again after it had ended
        is_firing and (not is_known or (closed_before is not null and not is_settled)) as is_opening,
        case
            when not is_known or (is_firing and closed_before is not null and not is_settled) then period
            else opened_before
        end as opened_period,
        case when is_known then first_before else period end as first_seen_period,
        case when is_firing then period else seen_before end as last_seen_period,
        case
            when not is_known then 1
            when is_firing and closed_before is not null and not is_settled then times_before + 1
            else times_before
        end as times_opened
    from met
    where is_firing or is_known

),

moved as (

    select
        *,
        case
            when is_opening then null
            when closed_before is not null then closed_before
            -- somebody went there after the clue was given
            when surveyed_month > opened_period then period
            when is_gone or not (is_firing or is_silent) then period
        end as closed_period,
        case
            when is_opening then null
            when closed_before is not null then reason_before
            when surveyed_month > opened_period then 'visited'
            when is_gone then 'left'
            when not (is_firing or is_silent) then 'condition_ended'
        end as close_reason
    from opened

),

final as (

    select
        moved.household_key,
        '{{ var("county_code") }}'::text as county_code,
        moved.period,
        moved.signal_id,
        moved.household_no,
        moved.village_code,
        moved.township_code,
        rules.owner_department as raised_by,
        moved.level_code,
        case when moved.closed_period is null then 'open' else 'closed' end as state,
        moved.is_firing,
        moved.first_seen_period,
        moved.opened_period,
        moved.last_seen_period,
        {{ last_day('moved.opened_period') }} + parameters.verify_days as visit_by,
        moved.closed_period,
        moved.close_reason,
        {{ months_between('moved.opened_period', 'coalesce(moved.closed_period, moved.period)') }} as age_periods,
        moved.times_opened
    from moved
    cross join parameters
    inner join rules on moved.signal_id = rules.rule_id

)

select * from final
