with

publications as (

    select
        publication_id,
        county_code,
        period,
        state,
        replaces,
        household_count,
        published_at,
        ended_at,
        build_id
    from {{ source('ops', 'publication') }}

),

waivers as (

    select
        publication_id,
        string_agg(
            distinct rule_id || ' ' || given_by || '：' || reason || '（至' || to_char(valid_until, 'YYYY-MM-DD') || '）',
            '；'
        ) as waiver_text
    from {{ source('ops', 'publication_waiver') }}
    group by publication_id

),

decisions as (

    select
        build_id,
        expectations_run,
        waived
    from {{ source('ops', 'gate_decision') }}

),

final as (

    select
        publications.publication_id,
        publications.county_code,
        publications.period,
        publications.state,
        publications.replaces,
        publications.household_count,
        publications.published_at,
        publications.ended_at,
        decisions.expectations_run,
        decisions.waived as waived_count,
        waivers.waiver_text
    from publications
    left join waivers on publications.publication_id = waivers.publication_id
    left join decisions on publications.build_id = decisions.build_id

)

select * from final
