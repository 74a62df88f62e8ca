{{ config(meta={'distributed_by': 'household_key'}) }}

{#-
    What signals and lists are judged on: one wide row a household of the register, this month beside what the months
    before left to be remembered. Both macros are asked of it, so that all of them are one pass.
-#}
with

registered as (

    select * from {{ ref('fct_register_household') }}

),

states as (

    select * from {{ ref('fct_household_month') }}

),

members as (

    select * from {{ ref('fct_register_member') }}

),

certificates as (

    select * from {{ ref('fct_dibao') }}

),

supports as (

    select * from {{ ref('fct_tekun') }}

),

subsidies as (

    select * from {{ ref('fct_disability_subsidy') }}
    where stopped_month is null

),

insurance as (

    select * from {{ ref('fct_insurance') }}

),

settlements as (

    select * from {{ ref('fct_settlement') }}

),

settled_before as (

    select * from {{ ref('stg_published__settlement') }}

),

dibao_before as (

    select * from {{ ref('stg_published__dibao') }}

),

enrolments as (

    select * from {{ ref('fct_enrolment') }}

),

enrolled_before as (

    select * from {{ ref('stg_published__enrolment') }}

),

cases as (

    select * from {{ ref('fct_dropout') }}
    -- suspected, confirmed, being persuaded back
    where status_code in ('1', '2', '3')

),

assessments as (

    select * from {{ ref('fct_house_assessment') }}

),

renovations as (

    select * from {{ ref('fct_house_renovation') }}

),

supplies as (

    select * from {{ ref('fct_water_supply') }}

),

schemes as (

    select * from {{ ref('fct_water_scheme') }}

),

accounts as (

    select * from {{ ref('fct_power_connection') }}
    where coalesce(account_status_code not in ('4', '5'), true)

),

contradictions as (

    select * from {{ ref('fct_contradiction') }}
    where state = 'open' and household_key is not null

),

memory as (

    select * from {{ ref('stg_published__household_memory') }}

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

inputs as (

    select * from {{ ref('int_feed_input') }}

),

{{ comparable_feeds({
    'dibao': {'id': 'civil_affairs.dibao'},
    'tekun': {'id': 'civil_affairs.tekun'},
    'renovation_feed': {'id': 'housing.renovation'},
}) }},

-- Whether it was the month before, and who was insured in the year before this one.
recalled as (

    select
        memory.*,
        memory.last_period = '{{ shift_month(var("period"), -1) }}' as is_next,
        case memory.insured_year
            when parameters.insurance_year then memory.insured_before_keys
            when parameters.insurance_year - 1 then memory.insured_keys
        end as insured_before_now
    from memory
    cross join parameters

),

people as (

    select
        members.household_key,
        coalesce(bool_or(members.age_years >= 16 and members.labour_capacity_code in ('1', '2')), false) as has_able,
        coalesce(bool_or(members.age_years >= 16 and members.labour_capacity_code is null), false)
            as has_unsaid_labour,
        count(*) filter (where members.work_months > 0) as working_count,
        coalesce(sum(members.work_months), 0) as work_months,
        array_agg(members.person_key) filter (where members.labour_capacity_code in ('1', '2')) as able_keys,
        array_agg(members.person_key) as member_keys
    from members
    where members.is_active
    group by members.household_key

),

deaths as (

    select
        household_key,
        array_agg(person_key) as dead_keys
    from members
    where member_change_code = '21'
    group by household_key

),

cards as (

    select
        household_key,
        coalesce(bool_or(category_code in ('01', '02') and stopped_month is null), false) as is_on_dibao,
        coalesce(bool_or(stopped_month is not null and stop_reason_code <> '1'), false) as has_card_ended
    from certificates
    group by household_key

),

supported as (

    select
        household_key,
        bool_or(stopped_month is null) as is_on_tekun,
        coalesce(bool_or(stopped_month is not null and stop_reason_code <> '1'), false) as has_support_ended,
        count(*) filter (where stopped_month is null) as supported_count
    from supports
    group by household_key

),

standards as (

    select max(standard_yuan) as standard_yuan from certificates

),

disabled as (

    select
        household_key,
        array_agg(person_key) as disabled_keys,
        array_agg(person_key) filter (where disability_grade_code in ('1', '2')) as severe_keys,
        -- a row that is back after a month in which it was refused is no new grade
        array_agg(person_key) filter (
            where started_month >= '{{ shift_month(var("period"), -2) }}'
        ) as new_keys
    from subsidies
    where person_key is not null
    group by household_key

),

insured as (

    select
        insurance.household_key,
        array_agg(insurance.person_key) as row_keys,
        array_agg(insurance.person_key) filter (
            where insurance.insurance_status_code in ('01', '02', '03', '04', '05')
        ) as insured_keys
    from insurance
    inner join parameters on insurance.insurance_year = parameters.insurance_year
    where insurance.person_key is not null
    group by insurance.household_key

),

spent as (

    select
        household_key,
        sum(self_pay_yuan) as spent_yuan
    from (
        select
            household_key,
            self_pay_yuan
        from settlements
        union all
        select
            household_key,
            self_pay_yuan
        from settled_before
    ) as year_of_settlements
    group by household_key

),

-- A number of an earlier month that comes again with another amount.
reused as (

    select
        settlements.household_key,
        count(*) filter (where settlements.settlement_no is not null) as settlement_count,
        count(*) filter (
            where settled_before.total_cost_yuan <> settlements.total_cost_yuan
        ) as reused_count
    from settlements
    left join settled_before
        on
            settlements.household_key = settled_before.household_key
            and settlements.settlement_no = settled_before.settlement_no
    group by settlements.household_key

),

-- Pupils of this autumn term who were on the roll in the autumn before: one grade on, or somebody says why not.
moved_up as (

    select
        enrolments.household_key,
        count(*) as pupil_count,
        count(*) filter (
            where enrolments.grade_no <> enrolled_before.grade_no + 1
            and coalesce(enrolments.attendance_code = '1', true)
            and enrolments.not_in_school_code is null
        ) as stayed_count
    from enrolments
    inner join parameters on enrolments.term_code = parameters.term_code
    inner join enrolled_before
        on
            enrolments.household_key = enrolled_before.household_key
            and enrolments.person_key = enrolled_before.person_key
    where
        right(enrolments.term_code, 1) = '1'
        and enrolled_before.term_code
        = concat(left(enrolments.term_code, 4)::integer - 1, '-', left(enrolments.term_code, 4), '-1')
        and enrolled_before.grade_no > 0
        and enrolments.grade_no > 0
    group by enrolments.household_key

),

last_on_dibao as (

    select
        household_key,
        max(period) as last_dibao_period
    from dibao_before
    group by household_key

),

-- A case without a date may be as old as it likes.
open_cases as (

    select
        household_key,
        case when bool_and(absent_since_date is not null) then min(absent_since_date) end as case_since
    from cases
    group by household_key

),

houses as (

    select distinct on (household_key)
        household_key,
        house_grade_code,
        assessed_date,
        certificate_date
    from assessments
    where
        certificate_no is not null and house_grade_code is not null and assessed_date is not null
        and assessor_name is not null
    order by
        household_key asc,
        (house_use_code = '1') is true desc,
        assessed_date desc,
        house_grade_code desc,
        source_row desc

),

plans as (

    select
        household_key,
        coalesce(bool_or(progress_code = '3'), false) as is_accepted
    from renovations
    group by household_key

),

tested as (

    select distinct on (scheme_no)
        scheme_no,
        quality_result_code
    from schemes
    where quality_result_code is not null
    order by scheme_no asc, tested_date desc nulls last, (quality_result_code = '2') desc

),

taps as (

    select
        supplies.household_key,
        max(supplies.cut_days) as cut_days,
        bool_or(supplies.reliability_rating_code = '3') as is_unreliable,
        max(supplies.verdict_code) as verdict_code,
        max(greatest(supplies.acceptance_date, supplies.tested_date)) as proved_date,
        max(tested.quality_result_code) as scheme_result_code
    from supplies
    left join tested on supplies.scheme_no = tested.scheme_no
    group by supplies.household_key

),

metered as (

    select
        household_key,
        bool_and(coalesce(usage_kwh = 0, false)) as is_unused,
        bool_or(is_carried) as is_carried,
        sum(usage_kwh) filter (where not is_carried) as usage_kwh
    from accounts
    group by household_key

),

disputed as (

    select
        contradictions.household_key,
        count(*) as open_contradictions,
        bool_or(contradictions.rule_id = 'XD-33') as has_unaided_pupil,
        bool_or(contradictions.rule_id = 'XD-02' and contradictions.age_periods >= parameters.xd_age_months)
            as has_old_false_identity
    from contradictions
    cross join parameters
    group by contradictions.household_key

),

facts as (

    select
        registered.household_key,
        registered.county_code,
        registered.period,
        registered.household_no,
        registered.village_code,
        registered.township_code,
        registered.is_active,
        -- neither struck off nor gone as a whole, whoever still lives there
        coalesce(registered.poverty_status_code <> '7', true)
        and coalesce(registered.change_code not in ('21', '22', '23', '24'), true) as is_listed,
        registered.active_member_count,
        registered.poverty_status_code,
        registered.monitor_class_code,
        registered.is_risk_removed,
        registered.surveyed_month,
        registered.change_code,
        case when recalled.is_next then recalled.poverty_status_code end as poverty_status_before,
        coalesce(recalled.is_next and recalled.is_risk_removed, false) as was_risk_removed,
        coalesce(recalled.is_next and recalled.is_on_dibao, false) as was_on_dibao,
        cards.household_key is not null as has_card_row,
        case when recalled.is_next then recalled.house_grade end as house_grade_before,
        coalesce(recalled.is_next and recalled.verdict_code = '3', false) as was_water_unsafe,
        case when recalled.is_next then recalled.usage_kwh end as usage_kwh_before,
        metered.usage_kwh,
        recalled.usage_kwh_run as usage_kwh_run_before,
        (
            select percentile_cont(0.5) within group (order by past.kwh)
            from unnest(recalled.usage_kwh_run) as past (kwh)
        ) as usage_median,
        reused.settlement_count,
        reused.reused_count,
        moved_up.pupil_count as compared_pupil_count,
        moved_up.stayed_count,
        recalled.household_key is not null and not recalled.is_active as was_closed,
        recalled.member_keys as member_keys_before,
        {{ months_between('registered.exit_month', 'registered.period') }} between 0 and 12
        and last_on_dibao.last_dibao_period >= to_char(
            {{ first_day('registered.exit_month') }} - interval '12 months', 'YYYY-MM'
        ) as had_dibao_at_exit,
        {{ months_between('registered.monitored_month', 'registered.period') }} as months_monitored,
        coalesce(cardinality(registered.measure_code) > 0, false) as has_measure,
        registered.net_income_yuan,
        registered.net_income_per_capita_yuan as income_yuan,
        registered.income_year,
        case registered.income_year
            when recalled.income_year then recalled.income_before_yuan
            when recalled.income_year + 1 then recalled.income_yuan
        end as income_before_yuan,
        {%- for guarantee in [
            'food', 'clothing', 'education', 'medical', 'housing', 'water', 'power', 'five', 'seven'
        ] %}
        states.{{ guarantee }}_state,
        {%- endfor %}
        'unmet' in (
            states.food_state, states.clothing_state, states.education_state, states.medical_state,
            states.housing_state, states.water_state, states.power_state
        ) as has_unmet,
        'unknown' in (
            states.food_state, states.clothing_state, states.education_state, states.medical_state,
            states.housing_state, states.water_state, states.power_state
        ) as has_unknown,
        coalesce(people.has_able, false) as has_able,
        coalesce(people.has_unsaid_labour, false) as has_unsaid_labour,
        coalesce(people.working_count, 0) as working_count,
        coalesce(people.work_months, 0) as work_months,
        people.able_keys,
        disabled.severe_keys,
        disabled.disabled_keys,
        -- everybody insured in the year, whichever month said so
        case
            when recalled.insured_year = parameters.insurance_year
                then array(select distinct unnest(recalled.insured_keys || insured.insured_keys))
            else insured.insured_keys
        end as insured_keys,
        recalled.insured_before_now as insured_before_keys,
        case when recalled.is_next then recalled.work_months end as work_months_before,
        coalesce(recalled.is_next and recalled.able_keys && deaths.dead_keys, false) as has_lost_worker,
        -- somebody who was there before with another grade, or who is new on the roll
        coalesce(
            recalled.is_next
            and exists (
                select 1
                from unnest(disabled.severe_keys) as severe_now (person_key)
                where
                    severe_now.person_key = any(recalled.member_keys)
                    and coalesce(severe_now.person_key <> all(recalled.severe_keys), true)
                    and (
                        severe_now.person_key = any(recalled.disabled_keys)
                        or severe_now.person_key = any(disabled.new_keys)
                    )
            ),
            false
        ) as has_new_severe_disability,
        people.member_keys,
        -- who lived there last, for a household that has gone
        coalesce(people.member_keys, recalled.member_keys) as kept_member_keys,
        -- insured last year and on no row of this one
        (
            select count(*)
            from unnest(people.member_keys) as present (person_key)
            where
                present.person_key = any(recalled.insured_before_now)
                and coalesce(present.person_key <> all(insured.row_keys), true)
        ) as lapsed_count,
        coalesce(cards.is_on_dibao, false) as is_on_dibao,
        coalesce(supported.is_on_tekun, false) as is_on_tekun,
        coalesce(supported.supported_count >= registered.active_member_count, false)
        or coalesce(cards.is_on_dibao, false) as is_all_on_roll,
        coalesce(cards.has_card_ended, false) or coalesce(supported.has_support_ended, false)
        or coalesce(recalled.has_left_roll, false) as has_left_roll,
        standards.standard_yuan,
        spent.spent_yuan,
        open_cases.household_key is not null as has_case,
        open_cases.case_since,
        houses.house_grade_code as house_grade,
        houses.assessed_date as house_assessed_date,
        houses.certificate_date as house_certificate_date,
        plans.household_key is not null as has_plan,
        coalesce(plans.is_accepted, false) as is_renovated,
        case when recalled.is_next then recalled.housing_state end as housing_state_before,
        taps.cut_days,
        taps.is_unreliable,
        taps.verdict_code,
        taps.proved_date,
        case when recalled.is_next then recalled.is_unreliable end as is_unreliable_before,
        case
            when taps.cut_days > 0
                then taps.cut_days + case when recalled.is_next then coalesce(recalled.cut_days, 0) else 0 end
            else taps.cut_days
        end as cut_run,
        taps.scheme_result_code,
        case
            -- what was carried forward is no month of its own, and a missing month ends a run
            when metered.is_unused and not metered.is_carried
                then 1 + case when recalled.is_next then coalesce(recalled.unused_months, 0) else 0 end
            else 0
        end as unused_months,
        coalesce(disputed.open_contradictions, 0) as open_contradictions,
        coalesce(disputed.has_unaided_pupil, false) as has_unaided_pupil,
        coalesce(disputed.has_old_false_identity, false) as has_old_false_identity,
        parameters.first_day as month_start,
        parameters.last_day as month_end,
        parameters.insurance_year as current_year,
        parameters.med_household_share,
        parameters.income_drop,
        parameters.monitor_line,
        parameters.suspect_days,
        parameters.water_cut_warn_days,
        parameters.water_cut_days,
        parameters.zero_kwh_months,
        parameters.clear_min_months,
        parameters.dibao_exit_multiple,
        parameters.income_rise,
        parameters.outlier_mad,
        -- an income that is not said again stays what it was
        coalesce(registered.income_year, recalled.income_year) as kept_income_year,
        case
            when coalesce(registered.income_year = recalled.income_year, registered.income_year is null)
                then coalesce(registered.net_income_per_capita_yuan, recalled.income_yuan)
            else registered.net_income_per_capita_yuan
        end as kept_income_yuan,
        case when registered.income_year is null then recalled.income_before_yuan end as kept_income_before_yuan,
        feeds.*
    from registered
    cross join parameters
    cross join feeds
    cross join standards
    left join states on registered.household_key = states.household_key
    left join recalled on registered.household_key = recalled.household_key
    left join people on registered.household_key = people.household_key
    left join deaths on registered.household_key = deaths.household_key
    left join cards on registered.household_key = cards.household_key
    left join supported on registered.household_key = supported.household_key
    left join disabled on registered.household_key = disabled.household_key
    left join insured on registered.household_key = insured.household_key
    left join spent on registered.household_key = spent.household_key
    left join reused on registered.household_key = reused.household_key
    left join moved_up on registered.household_key = moved_up.household_key
    left join last_on_dibao on registered.household_key = last_on_dibao.household_key
    left join open_cases on registered.household_key = open_cases.household_key
    left join houses on registered.household_key = houses.household_key
    left join plans on registered.household_key = plans.household_key
    left join taps on registered.household_key = taps.household_key
    left join metered on registered.household_key = metered.household_key
    left join disputed on registered.household_key = disputed.household_key

),

measured as (

    select
        *,
        -- twelve months of use, the newest last; what was carried forward is no month of its own
        case
            when usage_kwh is null then usage_kwh_run_before
            else (usage_kwh_run_before || usage_kwh)[
                greatest(coalesce(cardinality(usage_kwh_run_before), 0) - 10, 1):
            ]
        end as usage_kwh_run,
        case
            when cardinality(usage_kwh_run_before) >= 3
                then (
                    select percentile_cont(0.5) within group (order by abs(past.kwh::double precision - usage_median))
                    from unnest(usage_kwh_run_before) as past (kwh)
                )
        end as usage_mad
    from facts

),

signalled as (

    select
        *,
        case when is_active then {{ ids_where(signal_rules(), 'fires') }} else '{}' end as fired,
        {{ ids_where(signal_rules() | selectattr('red', 'defined') | list, 'red') }} as red
    from measured

),

final as (

    select
        signalled.household_key,
        signalled.county_code,
        signalled.period,
        signalled.household_no,
        signalled.village_code,
        signalled.township_code,
        signalled.is_active,
        signalled.surveyed_month,
        signalled.fired,
        signalled.red,
        {%- for list in support_lists() %}
        case
            when not coalesce({{ list.scope }}, false) then 'na'
            when ({{ list.verdict }}) is null then 'unknown'
            when {{ list.verdict }} then 'candidate'
            else 'not_candidate'
        end as {{ list.id | lower }}_verdict,
        coalesce({{ list.decided }}, false) as {{ list.id | lower }}_is_decided,
        array_remove(array[
            {%- for feed, given in list.evidence.items() %}
            case when {{ given }} then '{{ feed }}' end{{ ',' if not loop.last }}
            {%- endfor %}
        ]::text[], null) as {{ list.id | lower }}_present,
        array_remove(array[
            {%- for feed, given in list.evidence.items() %}
            case when ({{ given }}) is not true then '{{ feed }}' end{{ ',' if not loop.last }}
            {%- endfor %}
        ]::text[], null) as {{ list.id | lower }}_missing,
        {%- endfor %}
        signalled.usage_kwh,
        signalled.house_assessed_date,
        {%- for rule in history_rules() %}
        case when signalled.is_active and {{ rule.judged }} then ({{ rule.fails }}) is true end
            as {{ rule.id | lower | replace('-', '_') }}_fails,
        {%- endfor %}
        signalled.income_yuan as stated_income_yuan,
        -- to be remembered
        signalled.poverty_status_code,
        signalled.is_risk_removed,
        signalled.is_on_dibao,
        signalled.house_grade,
        signalled.verdict_code,
        signalled.kept_income_year as income_year,
        signalled.kept_income_yuan as income_yuan,
        coalesce(signalled.income_before_yuan, signalled.kept_income_before_yuan) as income_before_yuan,
        signalled.work_months::numeric as work_months,
        signalled.able_keys,
        signalled.kept_member_keys as member_keys,
        signalled.usage_kwh_run,
        signalled.severe_keys,
        signalled.disabled_keys,
        signalled.current_year as insured_year,
        signalled.insured_keys,
        signalled.insured_before_keys,
        signalled.has_left_roll,
        signalled.housing_state,
        signalled.cut_days,
        signalled.is_unreliable,
        signalled.unused_months
    from signalled

)

select * from final
