{{ config(contract={'enforced': true}, meta={'distributed_by': 'household_key'}) }}

with

households as (

    select * from {{ ref('fct_register_household') }}
    where is_active

),

members as (

    select * from {{ ref('fct_register_member') }}
    where is_active

),

insurances as (

    select * from {{ ref('fct_insurance') }}
    where person_key is not null

),

people as (

    select * from {{ ref('dim_person') }}

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

feed_input as (

    select * from {{ ref('int_feed_input') }}
    where feed_id = 'health.insurance'

),

-- No row means something only if a list of this insurance year has come and is within the carry limit.
feeds as (

    select
        parameters.*,
        coalesce(
            feed_input.is_received
            and feed_input.age_periods <= parameters.carry_insurance
            and substr(feed_input.source_period, 1, 4)::integer = parameters.insurance_year,
            false
        ) as is_list_current
    from parameters
    left join feed_input on true

),

evidence as (

    select
        members.household_key,
        members.county_code,
        members.period,
        members.person_key,
        feeds.is_list_current,
        feeds.serious_auto,
        this_year.insurance_status_code,
        this_year.has_serious_illness_insurance,
        last_year.person_key is not null as has_last_year,
        this_year.age_periods > feeds.carry_insurance as is_row_stale,
        coalesce(
            feeds.last_day - members.birth_date <= feeds.newborn_days
            or feeds.last_day - {{ last_day('people.first_period') }} <= feeds.newborn_days,
            false
        ) as is_newly_listed,
        -- XD-22: the register says insured, health has no insured row
        {{ contradicted(
            'members.stated_is_resident_insured or members.stated_is_employee_insured',
            'households.surveyed_month',
            'this_year.source_period'
        ) }} as is_contradicted,
        this_year.submission_id as evidence_submission_id,
        this_year.source_sheet as evidence_sheet,
        this_year.source_row as evidence_row
    from members
    inner join households
        on
            members.household_key = households.household_key
            and members.county_code = households.county_code
            and members.period = households.period
    cross join feeds
    left join people on members.person_key = people.person_key and members.county_code = people.county_code
    left join insurances as this_year
        on
            members.household_key = this_year.household_key
            and members.person_key = this_year.person_key
            and feeds.insurance_year = this_year.insurance_year
    left join insurances as last_year
        on
            members.household_key = last_year.household_key
            and members.person_key = last_year.person_key
            and feeds.insurance_year - 1 = last_year.insurance_year

),

matched as (

    select
        *,
        case
            when insurance_status_code in ('16', '19') then 1
            when insurance_status_code in ('13', '14', '18') then 2
            when insurance_status_code in ('15', '17') and is_newly_listed then 3
            when insurance_status_code in ('15', '17') then 4
            when insurance_status_code in ('11', '12') then 5
            when insurance_status_code in ('01', '04') and not has_serious_illness_insurance then 6
            when insurance_status_code in ('01', '04') and (has_serious_illness_insurance or serious_auto) then 7
            when insurance_status_code in ('01', '04') then 8
            when insurance_status_code in ('02', '03', '05') then 9
            when insurance_status_code is null and has_last_year then 10
            when insurance_status_code is null and is_list_current then 11
            when insurance_status_code is null then 12
        end as table_row
    from evidence

),

-- Rules (c) and (e): time and a later contrary statement take met away, never unmet.
final as (

    select
        household_key,
        county_code,
        period,
        person_key,
        case
            when table_row in (1, 6) then 'unmet'
            when table_row in (2, 3, 7, 9)
                then
                    case
                        when is_row_stale then 'unknown'
                        when table_row in (2, 3) and is_contradicted then 'unknown'
                        else 'met'
                    end
            when table_row in (4, 5, 8, 10, 11, 12) then 'unknown'
        end as state,
        case
            when table_row in (2, 3, 7, 9) and is_row_stale then 'stale'
            when table_row in (2, 3) and is_contradicted then 'conflict'
            when table_row = 1 then 'not_insured'
            when table_row = 2 then 'exempt'
            when table_row in (3, 4) then 'in_process'
            when table_row = 5 and insurance_status_code = '11' then 'conflict'
            when table_row = 5 then 'lost'
            when table_row = 6 then 'no_serious'
            when table_row in (7, 9) then 'insured'
            when table_row = 8 then 'partial'
            when table_row = 10 then 'renewal'
            when table_row = 11 then 'not_found'
            when table_row = 12 then 'stale'
        end as reason,
        table_row,
        coalesce(is_row_stale, false) or table_row = 12 as is_stale,
        evidence_submission_id,
        evidence_sheet,
        evidence_row
    from matched

)

select * from final
