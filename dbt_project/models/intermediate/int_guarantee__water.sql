{{ config(contract={'enforced': true}, meta={'distributed_by': 'household_key'}) }}

with

households as (

    select * from {{ ref('fct_register_household') }}
    where is_active

),

supplies as (

    select * from {{ ref('fct_water_supply') }}

),

earlier as (

    select * from {{ ref('stg_published__water_supply') }}
    where not is_carried

),

tests as (

    select * from {{ ref('fct_water_scheme') }}
    where quality_result_code is not null

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

feed_input as (

    select * from {{ ref('int_feed_input') }}
    where feed_id = 'water.supply'

),

-- The newest test of a scheme, whichever of its villages it is written at; of two of one day the worse counts.
schemes as (

    select distinct on (scheme_no)
        scheme_no,
        tested_date,
        quality_result_code = '2' as is_failing
    from tests
    order by scheme_no asc, tested_date desc nulls last, quality_result_code desc

),

-- cut_run: the days without water of this month, and of the month before it if the cut went on.
cuts as (

    select
        supplies.*,
        case
            when supplies.cut_days > 0 and earlier.cut_days > 0 then supplies.cut_days + earlier.cut_days
            else supplies.cut_days
        end as cut_run
    from supplies
    left join earlier
        on
            supplies.household_key = earlier.household_key
            and supplies.head_id_number_hash = earlier.head_id_number_hash
            and {{ months_between('earlier.period', 'supplies.source_period') }} = 1

),

evidence as (

    select
        households.household_key,
        households.county_code,
        households.period,
        households.stated_is_water_safe,
        cuts.household_key is not null as has_row,
        cuts.verdict_code,
        cuts.cut_run >= parameters.water_cut_days as is_cut,
        '3' in (
            cuts.quantity_rating_code,
            cuts.quality_rating_code,
            cuts.convenience_rating_code,
            cuts.reliability_rating_code
        ) as has_failing_rating,
        cuts.quantity_rating_code is null
        or cuts.quality_rating_code is null
        or cuts.convenience_rating_code is null
        or cuts.reliability_rating_code is null as has_missing_rating,
        coalesce(schemes.is_failing and schemes.tested_date > cuts.acceptance_date, false) as is_failed,
        -- A failed test that the dates do not put before the acceptance leaves no proof, though it decides nothing.
        coalesce(schemes.is_failing and not coalesce(schemes.tested_date <= cuts.acceptance_date, false), false)
            as has_failure,
        cuts.acceptance_certificate_no is not null as has_certificate,
        -- Where the scheme ledger has no dated test, the household's own date stands for the test of its supply.
        coalesce(cuts.supply_mode_code <> '1', true)
        or coalesce(
            {{ months_between(month_of('coalesce(schemes.tested_date, cuts.tested_date)'), 'households.period') }}
            <= parameters.quality_test_months,
            false
        ) as has_test,
        cuts.age_periods > parameters.carry_water as is_row_stale,
        {{ contradicted(
            'not households.stated_is_water_safe',
            'households.surveyed_month',
            'coalesce(' ~ month_of('cuts.acceptance_date') ~ ', cuts.source_period)'
        ) }} as is_contradicted,
        cuts.submission_id as evidence_submission_id,
        cuts.source_sheet as evidence_sheet,
        cuts.source_row as evidence_row
    from households
    cross join parameters
    left join cuts on households.household_key = cuts.household_key
    left join schemes on cuts.scheme_no = schemes.scheme_no

),

matched as (

    select
        *,
        case
            when has_row and (has_failing_rating or verdict_code = '3') then 1
            when has_row and is_failed then 2
            when has_row and is_cut then 3
            when
                has_row and not has_missing_rating and has_certificate and has_test and not has_failure
                and not is_row_stale and not is_contradicted then 4
            when
                has_row and not has_missing_rating and has_certificate and not has_failure and not is_row_stale
                and is_contradicted then 5
            when
                has_row and not has_missing_rating and (has_failure or not (has_certificate and has_test)) then 6
            when has_row and has_missing_rating then 7
            when has_row then 8
            when not stated_is_water_safe then 9
            else 10
        end as table_row
    from evidence

),

-- A household with two supply rows is as safe as the worse of them.
ranked as (

    select
        *,
        case
            when table_row in (1, 2, 3, 9) then 'unmet'
            when table_row = 4 then 'met'
            else 'unknown'
        end as state,
        case table_row
            when 1 then 'below_standard'
            when 2 then 'test_failed'
            when 3 then 'cut'
            when 4 then 'accepted'
            when 5 then 'conflict'
            when 6 then case when has_certificate then 'no_test' else 'no_certificate' end
            when 7 then 'partial'
            when 8 then 'stale'
            when 9 then 'declared'
            when 10 then 'no_row'
        end as reason,
        coalesce(is_row_stale, false) as is_stale,
        row_number() over (
            partition by household_key
            order by
                case when table_row in (1, 2, 3, 9) then 0 when table_row = 4 then 2 else 1 end, table_row, evidence_row
        ) as place
    from matched

),

judged as (

    select * from ranked
    where place = 1

),

final as (

    select
        {{ guarantee_columns('water') }}
    from judged
    left join feed_input on true

)

select * from final
