{{ config(materialized='shared_view', security_invoker=false) }}

with

decisions as (

    select * from {{ source('ops', 'link_decision') }}

),

builds as (

    select * from {{ source('ops', 'build') }}

),

-- What was known when the build was planned: the same build made again later reads the same decisions.
known as (

    select decisions.*
    from decisions
    inner join builds on decisions.decision_id <= builds.last_decision_id
    where builds.build_id = {{ var('build_id') }} and decisions.county_code = '{{ var("county_code") }}'

),

final as (

    select
        known.decision_id,
        known.county_code,
        known.feed_id,
        known.id_number_hash,
        known.person_name_hash,
        known.township_name,
        known.village_name,
        known.account_no,
        known.household_no,
        known.verdict = 'same' as is_same
    from known
    left join known as later on known.decision_id = later.supersedes
    where later.decision_id is null and known.verdict <> 'withdrawn'

)

select * from final
