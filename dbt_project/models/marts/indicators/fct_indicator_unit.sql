{#- What an indicator counts that is neither a household nor a member of one: certificates, stays, pipes, wires. -#}
with

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

universe as (

    select
        household_key,
        village_code,
        township_code
    from {{ ref('fct_register_household') }}
    where is_active

),

-- ---------------------------------------------------------------- dibao certificates
certificates as (

    select
        certificate.*,
        {{ deterministic_bigint("certificate.county_code || '/dibao'", 'certificate.card_no') }} as unit_key
    from {{ ref('stg_civil_affairs__dibao') }} as certificate
    where certificate.card_no is not null

),

certificate_links as (

    select * from {{ ref('int_link__dibao') }}

),

register_villages as (

    select
        household_key,
        village_code
    from {{ ref('int_household') }}

),

villages as (

    select * from {{ ref('int_region') }}
    where level_code = 'village'

),

village_names as (

    select * from {{ ref('int_village_name') }}

),

running_certificates as (

    select
        certificates.county_code,
        certificates.period,
        'CIV-01'::text as indicator_code,
        certificates.unit_key,
        certificates.period as unit_period,
        coalesce(register_villages.village_code, villages.village_code, village_names.village_code) as village_code,
        case
            when certificates.category_code in ('01', '02')
                then case when universe.household_key is null then 'no' else 'yes' end
        end as state,
        certificates.submission_id,
        certificates.source_sheet,
        certificates.source_row
    from certificates
    left join certificate_links
        on
            {{ same_row('certificates', 'certificate_links') }}
    left join universe on certificate_links.household_key = universe.household_key
    left join register_villages on certificate_links.household_key = register_villages.household_key
    left join villages on certificates.region_code = villages.village_code
    left join village_names
        on
            {{ region_stem('certificates.township_name') }} = village_names.township_stem
            and {{ region_stem('certificates.village_name') }} = village_names.village_stem
    where certificates.stopped_month is null

),

earlier as (

    select * from {{ ref('stg_published__indicator_unit') }}

),

-- On the roll last month and not this month: a stop row of this month says why, if there is one.
ended_certificates as (

    select
        earlier.county_code,
        parameters.period,
        'CIV-06'::text as indicator_code,
        earlier.unit_key,
        coalesce(certificates.period, earlier.unit_period) as unit_period,
        earlier.village_code,
        case when certificates.stop_reason_code is null then 'no' else 'yes' end as state,
        coalesce(certificates.submission_id, earlier.submission_id) as submission_id,
        coalesce(certificates.source_sheet, earlier.source_sheet) as source_sheet,
        coalesce(certificates.source_row, earlier.source_row) as source_row
    from earlier
    cross join parameters
    left join certificates on earlier.unit_key = certificates.unit_key
    where
        earlier.indicator_code = 'CIV-01'
        and (certificates.unit_key is null or certificates.stopped_month is not null)

),

-- ---------------------------------------------------------------- stays, contracts, cases, renovations
settlements as (

    select * from {{ ref('fct_settlement') }}

),

members as (

    select
        household_key,
        person_key
    from {{ ref('fct_register_member') }}
    where is_active

),

stays as (

    select
        settlements.county_code,
        settlements.period,
        'HLT-04'::text as indicator_code,
        {{ deterministic_bigint("settlements.county_code || '/stay'", 'settlements.settlement_no') }} as unit_key,
        settlements.period as unit_period,
        settlements.village_code,
        case
            when settlements.is_one_stop then 'yes' when settlements.is_one_stop is null then 'unknown' else 'no'
        end as state,
        settlements.submission_id,
        settlements.source_sheet,
        settlements.source_row
    from settlements
    inner join universe on settlements.household_key = universe.household_key
    inner join members
        on settlements.household_key = members.household_key and settlements.person_key = members.person_key
    left join settlements as reversals
        on
            settlements.household_key = reversals.household_key
            and settlements.settlement_no = reversals.original_settlement_no
    where
        settlements.visit_type_code = '1'
        and settlements.care_place_code = '1'
        and not coalesce(settlements.is_reversal, false)
        and reversals.settlement_no is null

),

-- The chronically ill of the whole list, whether their household is on the register or not.
patients as (

    select
        contract.county_code,
        contract.period,
        'HLT-07'::text as indicator_code,
        {{ deterministic_bigint("contract.county_code || '/contract'", 'contract.id_number_hash') }} as unit_key,
        contract.period as unit_period,
        null::text as village_code,
        case
            when parameters.last_day - contract.last_followup_date <= parameters.followup_days then 'yes'
            when contract.last_followup_date is null and coalesce(contract.followup_count, 1) > 0 then 'unknown'
            else 'no'
        end as state,
        contract.submission_id,
        contract.source_sheet,
        contract.source_row
    from {{ ref('stg_health__contract') }} as contract
    inner join parameters on contract.contract_year = parameters.insurance_year
    where cardinality(contract.chronic_disease_code) > 0

),

known_cases as (

    select
        dropout.county_code,
        {{ deterministic_bigint(
            "dropout.county_code || '/dropout/' || dropout.dropout_month",
            "coalesce(link.person_key::text, dropout.id_number_hash)"
        ) }} as unit_key,
        dropout.period as unit_period,
        case when dropout.status_code = '4' then 'yes' else 'no' end as state,
        dropout.submission_id,
        dropout.source_sheet,
        dropout.source_row
    from {{ ref('stg_education__dropout') }} as dropout
    left join {{ ref('int_link__dropout') }} as link
        on
            {{ same_row('dropout', 'link') }}
    where dropout.id_number_hash is not null and left(dropout.dropout_month, 4) = left('{{ var("period") }}', 4)
    union all
    select
        county_code,
        unit_key,
        unit_period,
        state,
        submission_id,
        source_sheet,
        source_row
    from earlier
    where indicator_code = 'EDU-02'

),

-- Each case of the year as the newest ledger that lists it says.
cases as (

    select distinct on (known_cases.unit_key)
        known_cases.county_code,
        parameters.period,
        'EDU-02'::text as indicator_code,
        known_cases.unit_key,
        known_cases.unit_period,
        null::text as village_code,
        known_cases.state,
        known_cases.submission_id,
        known_cases.source_sheet,
        known_cases.source_row
    from known_cases
    cross join parameters
    order by known_cases.unit_key asc, known_cases.unit_period desc, known_cases.source_row desc

),

renovations as (

    select
        planned.county_code,
        planned.period,
        'HSG-04'::text as indicator_code,
        {{ deterministic_bigint("planned.submission_id || '/' || planned.source_sheet", 'planned.source_row::text') }}
            as unit_key,
        planned.period as unit_period,
        null::text as village_code,
        case
            when planned.progress_code = '3' then 'yes' when planned.progress_code is null then 'unknown' else 'no'
        end as state,
        planned.submission_id,
        planned.source_sheet,
        planned.source_row
    from {{ ref('stg_housing__renovation') }} as planned
    inner join parameters on planned.plan_year = parameters.insurance_year

),

counted as (

    select * from running_certificates
    union all
    select * from ended_certificates
    union all
    select * from stays
    union all
    select * from patients
    union all
    select * from cases
    union all
    select * from renovations

),

-- ---------------------------------------------------------------- pipes and wires, which have amounts
outages as (

    select
        transformer_no,
        sum(
            coalesce(duration_minutes, floor(extract(epoch from ended_at::timestamp - started_at::timestamp) / 60))
            * affected_household_count
        ) as lost_minutes
    from {{ ref('stg_power__outage') }}
    where ended_at is not null
    group by transformer_no

),

transformer_links as (

    select * from {{ ref('int_link__transformer') }}

),

voltage_links as (

    select * from {{ ref('int_link__voltage') }}

),

month as (

    select extract(day from last_day)::numeric * 1440 as minutes from parameters

),

tested_schemes as (

    select
        county_code,
        period,
        scheme_no,
        village_code,
        quality_pass_count,
        quality_test_count,
        submission_id,
        source_sheet,
        source_row
    from {{ ref('fct_water_scheme') }}
    union all
    select
        county_code,
        period,
        scheme_no,
        village_code,
        quality_pass_count,
        quality_test_count,
        submission_id,
        source_sheet,
        source_row
    from {{ ref('stg_published__scheme_test') }}

),

measured as (

    select
        scheme.county_code,
        parameters.period,
        'WAT-05'::text as indicator_code,
        scheme.scheme_no as unit_no,
        scheme.period as unit_period,
        scheme.village_code,
        scheme.quality_pass_count::numeric as numerator,
        scheme.quality_test_count::numeric as denominator,
        scheme.submission_id,
        scheme.source_sheet,
        scheme.source_row
    from tested_schemes as scheme
    cross join parameters
    union all
    select
        county_code,
        period,
        'WAT-06'::text as indicator_code,
        scheme_no as unit_no,
        period as unit_period,
        village_code,
        served_population * reliability_percent / 100 as numerator,
        served_population::numeric as denominator,
        submission_id,
        source_sheet,
        source_row
    from {{ ref('fct_water_scheme') }}
    where reliability_percent is not null
    union all
    select
        transformer.county_code,
        transformer.period,
        'PWR-01'::text as indicator_code,
        transformer.transformer_no as unit_no,
        transformer.period as unit_period,
        link.village_code,
        transformer.household_count * month.minutes - coalesce(outages.lost_minutes, 0) as numerator,
        transformer.household_count * month.minutes as denominator,
        transformer.submission_id,
        transformer.source_sheet,
        transformer.source_row
    from {{ ref('stg_power__transformer') }} as transformer
    cross join month
    left join transformer_links as link
        on
            {{ same_row('transformer', 'link') }}
    left join outages on transformer.transformer_no = outages.transformer_no
    union all
    select
        voltage.county_code,
        voltage.period,
        'PWR-02'::text as indicator_code,
        voltage.point_no as unit_no,
        voltage.period as unit_period,
        link.village_code,
        (voltage.monitored_minutes - voltage.over_minutes - voltage.under_minutes)::numeric as numerator,
        voltage.monitored_minutes::numeric as denominator,
        voltage.submission_id,
        voltage.source_sheet,
        voltage.source_row
    from {{ ref('stg_power__voltage') }} as voltage
    left join voltage_links as link
        on
            {{ same_row('voltage', 'link') }}
    where voltage.monitored_minutes is not null

),

units as (

    select
        county_code,
        period,
        indicator_code,
        unit_key,
        unit_period,
        village_code,
        state,
        case when state is not null then (state = 'yes')::integer::numeric end as numerator,
        case when state is not null then 1::numeric end as denominator,
        submission_id,
        source_sheet,
        source_row
    from counted
    union all
    select
        county_code,
        period,
        indicator_code,
        {{ deterministic_bigint("county_code || '/' || indicator_code", 'unit_no') }} as unit_key,
        unit_period,
        village_code,
        null::text as state,
        numerator,
        denominator,
        submission_id,
        source_sheet,
        source_row
    from measured

),

final as (

    select
        units.county_code,
        units.period,
        units.indicator_code,
        units.unit_key,
        units.unit_period,
        units.village_code,
        villages.township_code,
        units.state,
        units.numerator,
        units.denominator,
        units.submission_id,
        units.source_sheet,
        units.source_row
    from units
    left join villages on units.village_code = villages.village_code

)

select * from final
