{{ config(meta={'local': true}) }}

{#- Feed: staging, links, the column that names the person, the name, the household, and a number of the row's own. -#}
{%- set feeds = {
    'civil_affairs.dibao': ['stg_civil_affairs__dibao', 'int_link__dibao', 'head_id_number_hash', 'head_name_hash', 'household_no', none],
    'civil_affairs.tekun': ['stg_civil_affairs__tekun', 'int_link__tekun', 'id_number_hash', 'person_name_hash', none, none],
    'civil_affairs.disability_subsidy': [
        'stg_civil_affairs__disability_subsidy', 'int_link__disability_subsidy', 'id_number_hash', 'person_name_hash', none, none
    ],
    'health.insurance': ['stg_health__insurance', 'int_link__insurance', 'id_number_hash', 'person_name_hash', 'household_no', none],
    'health.settlement': ['stg_health__settlement', 'int_link__settlement', 'id_number_hash', 'person_name_hash', 'household_no', none],
    'health.contract': ['stg_health__contract', 'int_link__contract', 'id_number_hash', 'person_name_hash', 'household_no', none],
    'education.enrolment': ['stg_education__enrolment', 'int_link__enrolment', 'id_number_hash', 'person_name_hash', 'household_no', none],
    'education.aid': ['stg_education__aid', 'int_link__aid', 'id_number_hash', 'person_name_hash', 'household_no', none],
    'education.dropout': ['stg_education__dropout', 'int_link__dropout', 'id_number_hash', 'person_name_hash', 'household_no', none],
    'housing.assessment': ['stg_housing__assessment', 'int_link__assessment', 'head_id_number_hash', 'head_name_hash', 'household_no', none],
    'housing.renovation': ['stg_housing__renovation', 'int_link__renovation', 'head_id_number_hash', 'head_name_hash', 'household_no', none],
    'water.supply': ['stg_water__supply', 'int_link__supply', 'head_id_number_hash', 'head_name_hash', 'household_no', none],
    'power.connection': [
        'stg_power__connection', 'int_link__connection', 'holder_id_number_hash', 'account_name_hash', 'household_no', 'account_no'
    ],
} %}

with

registered as (

    select * from {{ ref('stg_register__member') }}

),

persons as (

    select * from {{ ref('int_person_household') }}

),

before as (

    select
        rule_id,
        subject_no
    from {{ ref('stg_published__contradiction') }}
    where rule_id in ('XD-01', 'XD-02', 'XD-03')

),

-- The name the register knows an ID number by; where it knows two, it has something to settle with itself first.
named as (

    select
        id_number_hash,
        case when count(distinct person_name_hash) = 1 then min(person_name_hash) end as name_hash
    from registered
    where id_link = 'usable' and person_name_hash is not null
    group by id_number_hash

),

claims as (

    {% for feed_id, columns in feeds.items() -%}
    select
        '{{ feed_id }}'::text as feed_id,
        feed.county_code,
        feed.period,
        {{ at(feed_id, 'feed') }} as row_at,
        {{ 'feed.' ~ columns[4] if columns[4] else 'null::text' }} as stated_household_no,
        feed.{{ columns[2] }} as id_hash,
        feed.{{ columns[3] }} as name_hash,
        {{ 'feed.' ~ columns[5] if columns[5] else 'null::text' }} as row_no,
        link.link_status,
        link.is_number_denied,
        link.is_person_denied
    from {{ ref(columns[0]) }} as feed
    inner join {{ ref(columns[1]) }} as link
        on
            {{ same_row('feed', 'link') }}
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

-- A pair that a person decided not to be the same is no contradiction any more, and neither is what a number of 15
-- digits alone points to.
met as (

    select
        claims.*,
        persons.person_key,
        persons.household_key,
        named.name_hash as registered_name_hash
    from claims
    left join persons
        on
            claims.id_hash = persons.id_number_hash
            and not claims.is_person_denied
            and claims.link_status <> 'unconfirmed'
    left join named on claims.id_hash = named.id_number_hash

),

judged as (

    select
        'XD-01' as rule_id,
        case
            when is_number_denied or link_status = 'unconfirmed' then 'null'
            when link_status in ('not_in_register', 'no_key') then 'fail'
            else 'pass'
        end as result,
        'row' as subject_kind,
        {{ deterministic_bigint("feed_id", "stated_household_no || '/' || coalesce(row_no, '')") }}::text as subject_no,
        null::bigint as household_key,
        null::bigint as person_key,
        'claimed' as statement_a,
        'no such household' as statement_b,
        county_code,
        period,
        row_at
    from met
    where stated_household_no is not null
    union all
    select
        'XD-02' as rule_id,
        case
            when name_hash is null or registered_name_hash is null then 'null'
            when name_hash = registered_name_hash then 'pass'
            else 'fail'
        end as result,
        'person' as subject_kind,
        {{ subject_no('household_key', 'person_key') }} || '.' || feed_id as subject_no,
        household_key,
        person_key,
        'a name' as statement_a,
        'another name' as statement_b,
        county_code,
        period,
        row_at
    from met
    where household_key is not null
    union all
    select
        'XD-03' as rule_id,
        case when link_status = 'conflict' then 'fail' else 'pass' end as result,
        'household' as subject_kind,
        {{ subject_no('household_key') }} || '.' || feed_id as subject_no,
        household_key,
        null::bigint as person_key,
        -- the number itself is no statement: readers may not see household numbers in this column
        'a household number' as statement_a,
        'another household' as statement_b,
        county_code,
        period,
        row_at
    from met
    where household_key is not null and stated_household_no is not null and link_status in ('linked', 'conflict')

),

-- Whoever fails or failed before stands alone; all the others are only counted.
final as (

    select
        judged.rule_id,
        judged.result,
        judged.subject_kind,
        judged.county_code,
        judged.period,
        case when judged.result = 'fail' or before.rule_id is not null then judged.subject_no end as subject_no,
        case when judged.result = 'fail' then judged.household_key end as household_key,
        case when judged.result = 'fail' then judged.person_key end as person_key,
        case when judged.result = 'fail' then judged.statement_a end as statement_a,
        case when judged.result = 'fail' then judged.statement_b end as statement_b,
        min(case when judged.result = 'fail' then judged.row_at end) as row_at,
        count(*) as row_count
    from judged
    left join before on judged.rule_id = before.rule_id and judged.subject_no = before.subject_no
    group by
        judged.rule_id,
        judged.result,
        judged.subject_kind,
        judged.county_code,
        judged.period,
        case when judged.result = 'fail' or before.rule_id is not null then judged.subject_no end,
        case when judged.result = 'fail' then judged.household_key end,
        case when judged.result = 'fail' then judged.person_key end,
        case when judged.result = 'fail' then judged.statement_a end,
        case when judged.result = 'fail' then judged.statement_b end

)

select * from final
