{{ config(meta={'replicated': true}) }}

{#- Results that matter for the ledger: whoever fails, and what has become of those that failed before. -#}
with

households as (

    select * from {{ ref('int_xd_household') }}

),

persons as (

    select * from {{ ref('int_xd_person') }}

),

claims as (

    select * from {{ ref('int_xd_row') }}
    where subject_no is not null

),

schemes as (

    select * from {{ ref('int_xd_scheme') }}

),

transformers as (

    select * from {{ ref('int_xd_transformer') }}

),

before as (

    select * from {{ ref('stg_published__contradiction') }}

),

known_homes as (

    select distinct household_key
    from before
    where subject_kind in ('household', 'person')

),

of_households as (

    select
        'household' as subject_kind,
        {{ subject_no('households.household_key') }} as subject_no,
        households.household_key,
        null::bigint as person_key,
        households.household_no,
        households.village_code,
        households.township_code,
        {{ results_as_rows(household_rules()) }}
    from households
    left join known_homes on households.household_key = known_homes.household_key
    where
        known_homes.household_key is not null
        or {{ any_fails(household_rules(), 'households') }}

),

of_persons as (

    select
        'person' as subject_kind,
        {{ subject_no('persons.household_key', 'persons.person_key') }} as subject_no,
        persons.household_key,
        persons.person_key,
        persons.household_no,
        persons.village_code,
        persons.township_code,
        {{ results_as_rows(person_rules()) }}
    from persons
    left join known_homes on persons.household_key = known_homes.household_key
    where
        known_homes.household_key is not null
        or {{ any_fails(person_rules(), 'persons') }}

),

of_rows as (

    select
        claims.subject_kind,
        claims.subject_no,
        claims.household_key,
        claims.person_key,
        homes.household_no,
        homes.village_code,
        homes.township_code,
        claims.rule_id,
        claims.result,
        claims.statement_a,
        claims.statement_b,
        claims.row_at as at_a,
        null::text as at_b
    from claims
    left join {{ ref('int_household') }} as homes on claims.household_key = homes.household_key

),

of_schemes as (

    select
        'scheme' as subject_kind,
        scheme_no as subject_no,
        null::bigint as household_key,
        null::bigint as person_key,
        null::text as household_no,
        village_code,
        township_code,
        'XD-48' as rule_id,
        xd_48 as result,
        statement_a,
        statement_b,
        scheme_at as at_a,
        null::text as at_b
    from schemes

),

of_transformers as (

    select
        'transformer' as subject_kind,
        transformer_no as subject_no,
        null::bigint as household_key,
        null::bigint as person_key,
        null::text as household_no,
        village_code,
        township_code,
        {{ results_as_rows(transformer_rules()) }}
    from transformers

),

gathered as (

    select * from of_households
    union all
    select * from of_transformers
    union all
    select * from of_persons
    union all
    select * from of_rows
    union all
    select * from of_schemes

),

-- Of two rows about one subject the failing one speaks.
final as (

    select distinct on (gathered.rule_id, gathered.subject_kind, gathered.subject_no) gathered.*
    from gathered
    left join before
        on
            gathered.rule_id = before.rule_id
            and gathered.subject_kind = before.subject_kind
            and gathered.subject_no = before.subject_no
    where gathered.result = 'fail' or before.rule_id is not null
    order by
        gathered.rule_id asc,
        gathered.subject_kind asc,
        gathered.subject_no asc,
        gathered.result = 'fail' desc,
        gathered.at_a asc

)

select * from final
