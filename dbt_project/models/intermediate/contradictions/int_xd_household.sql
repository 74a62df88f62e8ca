{{ config(meta={'distributed_by': 'household_key'}) }}

{%- set rules = household_rules() %}

with

registered as (

    select * from {{ ref('fct_register_household') }}

),

members as (

    select * from {{ ref('fct_register_member') }}
    where is_active

),

named as (

    select * from {{ ref('int_named_person') }}

),

certificates as (

    select * from {{ ref('fct_dibao') }}
    where category_code in ('01', '02') and stopped_month is null

),

supports as (

    select * from {{ ref('fct_tekun') }}
    where stopped_month is null

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
    where account_status_code is distinct from '4'

),

contracts as (

    select * from {{ ref('fct_doctor_contract') }}

),

settlements as (

    select * from {{ ref('fct_settlement') }}

),

dibao_before as (

    select * from {{ ref('stg_published__dibao') }}

),

tekun_before as (

    select * from {{ ref('stg_published__tekun') }}

),

settled_before as (

    select * from {{ ref('stg_published__settlement') }}

),

supplied_before as (

    select * from {{ ref('stg_published__water_supply') }}
    where period = '{{ shift_month(var("period"), -1) }}'

),

idle_before as (

    select * from {{ ref('stg_published__power_connection') }}

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

poverty_lines as (

    select * from {{ ref('int_poverty_line') }}

),

inputs as (

    select * from {{ ref('int_feed_input') }}

),

{{ comparable_feeds({
    'household': {'id': 'register.household'},
    'member': {'id': 'register.member'},
    'dibao': {'id': 'civil_affairs.dibao'},
    'tekun': {'id': 'civil_affairs.tekun'},
    'assessment': {'id': 'housing.assessment'},
    'renovation': {'id': 'housing.renovation'},
    'supply': {'id': 'water.supply'},
    'scheme': {'id': 'water.scheme'},
    'connection': {'id': 'power.connection'},
    'settlement': {'id': 'health.settlement'},
    'contract': {'id': 'health.contract'},
}) }},

people as (

    select
        household_key,
        count(*) as active_count,
        count(*) filter (where age_years >= 16) as adult_count,
        count(*) filter (where age_years >= 16 and work_months > 0) as away_adult_count,
        count(*) filter (where age_years >= 16 and labour_capacity_code in ('1', '2')) as able_count,
        count(*) filter (
            where age_years is null or (age_years >= 16 and labour_capacity_code is null)
        ) as unsure_labour_count,
        count(*) filter (where work_months > 0) as working_count,
        max(age_years) as oldest_age,
        max(labour_capacity_code) as worst_labour_code,
        count(*) filter (where stated_is_dibao) as marked_count,
        count(*) filter (where stated_is_dibao is null) as unmarked_count,
        count(*) filter (where stated_is_tekun) as tekun_marked_count,
        count(*) filter (where stated_is_tekun is null) as tekun_unmarked_count,
        count(*) filter (where stated_is_dibao or stated_is_tekun) as backed_count,
        count(*) filter (where (stated_is_dibao or stated_is_tekun) is null) as unsure_backed_count,
        count(*) filter (where health_status_code && array['2', '3']) as ill_count,
        count(*) filter (where health_status_code is null) as unsure_health_count,
        count(*) filter (where has_disability_certificate) as certified_count,
        count(*) filter (where school_status_code > '01') as pupil_count,
        count(*) filter (where work_months > 0 or public_post_months > 0) as earning_count,
        min({{ at('register.member') }}) as member_at
    from members
    group by household_key

),

-- A column that the county does not fill in at all says nothing against a single household.
marks as (

    select
        coalesce(bool_or(has_disability_certificate), false) as has_certificates,
        coalesce(bool_or(school_status_code > '01'), false) as has_school_marks,
        coalesce(bool_or(work_months > 0 or public_post_months > 0), false) as has_work_marks
    from members

),

cards as (

    select
        household_key,
        count(*) as card_count,
        case when bool_and(covered_count is not null) then sum(covered_count) end as covered_count,
        max(member_count) as family_count,
        max(standard_yuan) as standard_yuan,
        min(started_month) as dibao_from,
        min({{ at('civil_affairs.dibao') }}) as card_at
    from certificates
    group by household_key

),

supported as (

    select
        household_key,
        count(*) as supported_count,
        bool_or(support_mode_code = '1') as in_institution,
        min(started_month) as tekun_from,
        min({{ at('civil_affairs.tekun') }}) as support_at
    from supports
    group by household_key

),

-- Paid in the income year of the register, which is the year before; twelve months of it or nothing.
paid_before as (

    select
        household_key,
        sum(total_amount_yuan) as dibao_year_yuan
    from dibao_before
    where substr(period, 1, 4)::integer = {{ var('period')[:4] | int - 1 }}
    group by household_key

),

months_before as (

    select
        count(distinct period) filter (
            where substr(period, 1, 4)::integer = {{ var('period')[:4] | int - 1 }}
        ) as dibao_year_months,
        coalesce(min(substr(period, 1, 4)::integer), {{ var('period')[:4] }}) as roll_known_from
    from dibao_before

),

on_dibao_before as (

    select
        household_key,
        min(period) as first_period,
        max(period) as last_period
    from dibao_before
    group by household_key

),

on_tekun_before as (

    select
        household_key,
        min(period) as first_period,
        max(period) as last_period
    from tekun_before
    group by household_key

),

-- The lived-in house: the only home, else the first. Of two assessments on one day the worse grade counts.
ranked as (

    select
        *,
        row_number() over (
            partition by household_key
            order by (house_use_code = '1') is true desc, assessed_date desc, house_grade_code desc, source_row desc
        ) as recency
    from assessments
    where
        certificate_no is not null and house_grade_code is not null and assessed_date is not null
        and assessor_name is not null and (house_use_code = '1' or house_seq = 1)

),

works as (

    select
        household_key,
        max(accepted_date) filter (where progress_code = '3') as accepted_date,
        min(plan_year) as first_plan_year,
        max(started_date) as last_started_date,
        min(household_type_code) filter (where household_type_code in ('2', '3')) as claimed_class_code,
        min(plan_year) filter (where household_type_code in ('2', '3')) as claimed_year,
        min({{ at('housing.renovation') }}) filter (where household_type_code in ('2', '3')) as claim_at,
        min({{ at('housing.renovation') }}) as renovation_at
    from renovations
    group by household_key

),

taps as (

    select
        household_key,
        max(verdict_code) as worst_verdict_code,
        min(quality_rating_code) as best_quality_code,
        bool_or(acceptance_certificate_no is not null) as has_water_certificate,
        max(acceptance_date) as acceptance_date,
        min(scheme_no) as scheme_no,
        max(cut_days) as cut_days,
        min({{ at('water.supply') }}) as supply_at
    from supplies
    group by household_key

),

taps_before as (

    select
        household_key,
        max(cut_days) as cut_days_before
    from supplied_before
    group by household_key

),

tested as (

    select distinct on (scheme_no)
        scheme_no,
        quality_result_code as scheme_result_code,
        tested_date as scheme_tested_date,
        {{ at('water.scheme') }} as scheme_at
    from schemes
    where quality_result_code is not null
    order by scheme_no asc, tested_date desc nulls last, source_row asc

),

metered as (

    select
        household_key,
        coalesce(bool_or(has_living_power), false) as has_live_account,
        sum(usage_kwh) as usage_kwh,
        bool_and(usage_kwh = 0) as is_idle,
        bool_or(is_carried) as is_carried,
        sum(free_kwh) as free_kwh,
        min({{ at('power.connection') }}) as account_at
    from accounts
    group by household_key

),

-- Months in a row without use up to last month: how far back from this month the idle months reach without a gap.
idle_months_before as (

    select
        household_key,
        count(*) filter (where months_back = place) as idle_months_before
    from (
        select
            household_key,
            months_back,
            row_number() over (partition by household_key order by months_back) as place
        from idle_before
    ) as numbered
    group by household_key

),

-- A contract of an earlier year still says who is chronically ill.
cared as (

    select
        household_key,
        count(*) filter (where cardinality(chronic_disease_code) > 0) as chronic_count
    from contracts
    group by household_key

),

spent as (

    select
        household_key,
        sum(self_pay_yuan) as self_pay_yuan
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

facts as (

    select
        registered.household_key,
        registered.county_code,
        registered.period,
        registered.village_code,
        registered.township_code,
        registered.household_no,
        registered.is_active,
        registered.poverty_status_code,
        registered.change_code,
        registered.is_risk_removed,
        registered.member_count,
        registered.identified_month,
        registered.poverty_attribute_code,
        registered.main_cause_code,
        registered.risk_code,
        registered.wage_income_yuan,
        registered.tekun_income_yuan,
        registered.dibao_income_yuan,
        registered.net_income_per_capita_yuan,
        registered.income_year,
        poverty_lines.poverty_line_yuan,
        registered.stated_is_dangerous_house,
        registered.stated_is_water_safe,
        registered.stated_has_living_power,
        registered.is_relocated,
        {{ at('register.household', 'registered') }} as register_at,
        coalesce(people.active_count, 0) as active_count,
        coalesce(people.adult_count, 0) as adult_count,
        coalesce(people.away_adult_count, 0) as away_adult_count,
        coalesce(people.able_count, 0) as able_count,
        coalesce(people.unsure_labour_count, 0) as unsure_labour_count,
        coalesce(people.working_count, 0) as working_count,
        people.oldest_age,
        people.worst_labour_code,
        coalesce(people.marked_count, 0) as marked_count,
        coalesce(people.unmarked_count, 0) as unmarked_count,
        {%- for count in [
            'tekun_marked_count', 'tekun_unmarked_count', 'backed_count', 'unsure_backed_count', 'ill_count',
            'unsure_health_count', 'certified_count', 'pupil_count', 'earning_count'
        ] %}
        coalesce(people.{{ count }}, 0) as {{ count }},
        {%- endfor %}
        named.head_listed_as,
        named.is_helper_registered,
        people.member_at,
        coalesce(cards.card_count, 0) as card_count,
        cards.covered_count,
        cards.family_count,
        cards.standard_yuan,
        cards.card_at,
        coalesce(supported.supported_count, 0) as supported_count,
        coalesce(supported.in_institution, false) as in_institution,
        supported.support_at,
        case
            when months_before.dibao_year_months = 12 then coalesce(paid_before.dibao_year_yuan, 0)
        end as dibao_year_yuan,
        months_before.dibao_year_months,
        months_before.roll_known_from,
        house.house_grade_code as house_grade,
        {{ at('housing.assessment', 'house') }} as house_at,
        coalesce(
            {{ months_between(month_of('house.assessed_date'), 'registered.period') }}
            > parameters.house_cert_months,
            false
        ) as is_expired,
        coalesce(works.accepted_date > house.assessed_date, false) as is_renovated,
        works.first_plan_year,
        works.last_started_date,
        works.claimed_class_code,
        works.claimed_year,
        works.claim_at,
        works.renovation_at,
        case
            when works.claimed_class_code = '2'
                then
                    coalesce(substr(cards.dibao_from, 1, 4)::integer <= works.claimed_year, false)
                    or coalesce(
                        works.claimed_year between substr(on_dibao_before.first_period, 1, 4)::integer
                        and substr(on_dibao_before.last_period, 1, 4)::integer,
                        false
                    )
            else
                coalesce(substr(supported.tekun_from, 1, 4)::integer <= works.claimed_year, false)
                or coalesce(
                    works.claimed_year between substr(on_tekun_before.first_period, 1, 4)::integer
                    and substr(on_tekun_before.last_period, 1, 4)::integer,
                    false
                )
        end as was_on_claimed_roll,
        taps.worst_verdict_code,
        taps.best_quality_code,
        coalesce(taps.has_water_certificate, false) as has_water_certificate,
        taps.acceptance_date,
        case
            when taps.cut_days > 0 then taps.cut_days + coalesce(taps_before.cut_days_before, 0) else taps.cut_days
        end as cut_run,
        taps.supply_at,
        tested.scheme_result_code,
        tested.scheme_tested_date,
        tested.scheme_at,
        metered.has_live_account,
        metered.usage_kwh,
        case
            -- what was carried forward is no month of its own
            when metered.is_idle
                then (not metered.is_carried)::integer + coalesce(idle_months_before.idle_months_before, 0)
            when metered.household_key is not null then 0
        end as idle_months,
        metered.free_kwh,
        metered.account_at,
        coalesce(cared.chronic_count, 0) as chronic_count,
        coalesce(spent.self_pay_yuan, 0) as self_pay_yuan,
        extract(year from parameters.last_day)::integer as current_year,
        parameters.last_day as month_end,
        {{ last_day('registered.identified_month') }} + parameters.connect_days as connect_by,
        to_char(parameters.last_day - interval '1 year', 'YYYY-MM') as newly_from,
        parameters.amount_tol_abs,
        parameters.amount_tol_rel,
        parameters.dibao_exit_multiple,
        parameters.lack_labour_share,
        parameters.empty_kwh_max,
        parameters.free_kwh_granted,
        parameters.water_cut_days,
        parameters.zero_kwh_months,
        parameters.empty_house_months,
        marks.*,
        feeds.*
    from registered
    cross join parameters
    cross join feeds
    cross join marks
    cross join months_before
    left join people on registered.household_key = people.household_key
    left join named on registered.household_key = named.household_key
    left join poverty_lines on registered.income_year = poverty_lines.income_year
    left join cards on registered.household_key = cards.household_key
    left join supported on registered.household_key = supported.household_key
    left join paid_before on registered.household_key = paid_before.household_key
    left join on_dibao_before on registered.household_key = on_dibao_before.household_key
    left join on_tekun_before on registered.household_key = on_tekun_before.household_key
    left join ranked as house on registered.household_key = house.household_key and house.recency = 1
    left join works on registered.household_key = works.household_key
    left join taps on registered.household_key = taps.household_key
    left join taps_before on registered.household_key = taps_before.household_key
    left join tested on taps.scheme_no = tested.scheme_no
    left join metered on registered.household_key = metered.household_key
    left join idle_months_before on registered.household_key = idle_months_before.household_key
    left join cared on registered.household_key = cared.household_key
    left join spent on registered.household_key = spent.household_key

),

judged as (

    select
        *,
        {{ result_columns(rules) }}
    from facts

),

final as (

    select
        household_key,
        county_code,
        period,
        village_code,
        township_code,
        household_no,
        {% for rule in rules -%}
        {{ rule_column(rule) }},
        {% endfor -%}
        {{ statement_columns(rules) }}
    from judged

)

select * from final
