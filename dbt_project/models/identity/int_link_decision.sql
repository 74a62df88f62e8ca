{{ config(meta={'replicated': true}) }}

with

decisions as (

    select * from {{ ref('stg_ops__link_decision') }}

),

keys as (

    select * from {{ ref('household_key_map') }}

),

placed as (

    select
        decisions.county_code,
        decisions.feed_id,
        {{ link_subject(
            'decisions.id_number_hash', 'decisions.account_no', 'decisions.person_name_hash',
            'decisions.township_name', 'decisions.village_name'
        ) }} as subject,
        keys.household_key,
        decisions.is_same,
        decisions.decision_id
    from decisions
    inner join keys on decisions.county_code = keys.issuing_authority and decisions.household_no = keys.household_no

),

-- Two ways of writing one village are one subject: the newer decision counts.
ranked as (

    select
        *,
        row_number() over (
            partition by county_code, feed_id, subject, household_key
            order by decision_id desc
        ) as nth_of_household,
        row_number() over (
            partition by county_code, feed_id, subject, is_same
            order by decision_id desc
        ) as nth_of_verdict
    from placed

),

final as (

    select
        county_code,
        feed_id,
        subject,
        household_key,
        is_same,
        decision_id
    from ranked
    where nth_of_household = 1 and (nth_of_verdict = 1 or not is_same)

)

select * from final
