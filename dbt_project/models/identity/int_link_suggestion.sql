{{ config(meta={'local': true}) }}

{#- Feed -> its rows, its links, and what names its person; a feed without a person suggests nobody. -#}
{%- set person = {'id': 'id_number_hash', 'name': 'person_name_hash'} -%}
{%- set head = {'id': 'head_id_number_hash', 'name': 'head_name_hash as person_name_hash'} -%}
{%- set holder = {'id': 'holder_id_number_hash', 'name': 'account_name_hash as person_name_hash'} -%}
{%- set feeds = {
    'civil_affairs.dibao': [ref('stg_civil_affairs__dibao'), ref('int_link__dibao'), head],
    'civil_affairs.tekun': [ref('stg_civil_affairs__tekun'), ref('int_link__tekun'), person],
    'civil_affairs.disability_subsidy': [
        ref('stg_civil_affairs__disability_subsidy'), ref('int_link__disability_subsidy'), person
    ],
    'education.aid': [ref('stg_education__aid'), ref('int_link__aid'), person],
    'education.dropout': [ref('stg_education__dropout'), ref('int_link__dropout'), person],
    'education.enrolment': [ref('stg_education__enrolment'), ref('int_link__enrolment'), person],
    'health.contract': [ref('stg_health__contract'), ref('int_link__contract'), person],
    'health.insurance': [ref('stg_health__insurance'), ref('int_link__insurance'), person],
    'health.settlement': [ref('stg_health__settlement'), ref('int_link__settlement'), person],
    'housing.assessment': [ref('stg_housing__assessment'), ref('int_link__assessment'), head],
    'housing.renovation': [ref('stg_housing__renovation'), ref('int_link__renovation'), head],
    'power.connection': [ref('stg_power__connection'), ref('int_link__connection'), holder],
    'water.supply': [ref('stg_water__supply'), ref('int_link__supply'), head],
} %}
{%- set without_household_no = ['civil_affairs.tekun', 'civil_affairs.disability_subsidy'] -%}

with

memberships as (

    select * from {{ ref('int_membership') }}
    where is_active

),

persons as (

    select * from {{ ref('int_person_household') }}

),

households as (

    select * from {{ ref('int_household') }}

),

village_names as (

    select * from {{ ref('int_village_name') }}

),

near_numbers as (

    select * from {{ ref('stg_ops__near_number') }}

),

decisions as (

    select * from {{ ref('int_link_decision') }}

),

-- Rows of this month's files that reached no household, and those refused for their ID number.
unlinked as (

    {% for feed_id, (rows, links, who) in feeds.items() -%}
    select
        '{{ feed_id }}'::text as feed_id,
        feed.county_code,
        feed.period,
        feed.submission_id,
        feed.source_sheet,
        feed.source_row,
        link.link_status,
        case when coalesce(feed.id_link, 'usable') = 'usable' then feed.{{ who.id }} end as id_number_hash,
        case when feed.id_link = 'raised' then feed.{{ who.id }} end as raised_hash,
        {{ 'feed.account_no' if who is sameas holder else 'null::text as account_no' }},
        feed.{{ who.name }},
        {{ 'null::text as household_no' if feed_id in without_household_no else 'feed.household_no' }},
        feed.birth_from_id as birth_date,
        feed.township_name,
        feed.village_name
    from {{ rows }} as feed
    inner join {{ links }} as link
        on
            {{ same_row('feed', 'link') }}
    where link.link_status <> 'linked' and not feed.is_carried
    union all
    {% endfor -%}
    select
        feed_id,
        county_code,
        period,
        submission_id,
        source_sheet,
        source_row,
        'refused' as link_status,
        sent_hash as id_number_hash,
        null::text as raised_hash,
        null::text as account_no,
        person_name_hash,
        null::text as household_no,
        null::date as birth_date,
        township_name,
        village_name
    from near_numbers

),

-- Stems are made once a village name, not once a row: a feed of everybody has few villages and many rows.
named_places as (

    select distinct
        township_name,
        village_name
    from unlinked

),

places as (

    select
        named_places.township_name,
        named_places.village_name,
        village_names.village_code
    from named_places
    inner join village_names
        on
            {{ region_stem('named_places.township_name') }} = village_names.township_stem
            and {{ region_stem('named_places.village_name') }} = village_names.village_stem

),

members as (

    select
        memberships.household_key,
        memberships.county_code,
        memberships.person_key,
        case when memberships.id_link in ('usable', 'raised') then memberships.id_number_hash end as id_number_hash,
        memberships.person_name_hash,
        memberships.birth_date,
        households.village_code
    from memberships
    inner join households on memberships.household_key = households.household_key

),

slips as (

    select
        submission_id,
        source_sheet,
        source_row,
        unnest(candidate_hash) as candidate_hash
    from near_numbers

),

placed as (

    select
        unlinked.*,
        places.village_code
    from unlinked
    left join places on unlinked.township_name = places.township_name and unlinked.village_name = places.village_name

),

found as (

    select
        placed.*,
        'typo' as path_code,
        members.household_key,
        members.id_number_hash as candidate_id_number_hash,
        members.person_name_hash as candidate_name_hash,
        members.person_name_hash = placed.person_name_hash as is_name_same,
        members.village_code = placed.village_code as is_village_same,
        null::boolean as is_birth_same
    from placed
    inner join slips
        on
            {{ same_row('placed', 'slips') }}
    inner join members
        on placed.county_code = members.county_code and slips.candidate_hash = members.id_number_hash
    union all
    -- 15 digits show no slip: without the same name they may be somebody else's
    select
        placed.*,
        'fifteen_digit' as path_code,
        persons.household_key,
        persons.id_number_hash as candidate_id_number_hash,
        persons.person_name_hash as candidate_name_hash,
        persons.person_name_hash = placed.person_name_hash as is_name_same,
        households.village_code = placed.village_code as is_village_same,
        null::boolean as is_birth_same
    from placed
    inner join persons
        on
            placed.county_code = persons.county_code
            and coalesce(placed.raised_hash, placed.id_number_hash) = persons.id_number_hash
    inner join households on persons.household_key = households.household_key
    where placed.link_status = 'unconfirmed'
    union all
    -- two of one name whose numbers tell two birth dates are two people
    select
        placed.*,
        'name_village' as path_code,
        members.household_key,
        members.id_number_hash as candidate_id_number_hash,
        members.person_name_hash as candidate_name_hash,
        true as is_name_same,
        true as is_village_same,
        placed.birth_date = members.birth_date as is_birth_same
    from placed
    inner join members
        on
            placed.county_code = members.county_code
            and placed.person_name_hash = members.person_name_hash
            and placed.village_code = members.village_code
    where
        placed.link_status in ('refused', 'no_key', 'not_in_register', 'unconfirmed')
        and coalesce(placed.birth_date = members.birth_date, true)
    union all
    select
        placed.*,
        'two_households' as path_code,
        members.household_key,
        members.id_number_hash as candidate_id_number_hash,
        members.person_name_hash as candidate_name_hash,
        members.person_name_hash = placed.person_name_hash as is_name_same,
        members.village_code = placed.village_code as is_village_same,
        null::boolean as is_birth_same
    from placed
    inner join members
        on
            placed.county_code = members.county_code
            and coalesce(placed.raised_hash, placed.id_number_hash) = members.id_number_hash
    where placed.link_status in ('conflict', 'ambiguous')
    union all
    select
        placed.*,
        'two_households' as path_code,
        households.household_key,
        null::text as candidate_id_number_hash,
        null::text as candidate_name_hash,
        null::boolean as is_name_same,
        households.village_code = placed.village_code as is_village_same,
        null::boolean as is_birth_same
    from placed
    inner join households
        on placed.county_code = households.county_code and placed.household_no = households.household_no
    where placed.link_status = 'conflict'

),

-- A household is one candidate, by its best path.
households_found as (

    select
        found.*,
        {{ link_subject(
            'found.id_number_hash', 'found.account_no', 'found.person_name_hash', 'found.township_name', 'found.village_name'
        ) }} as subject,
        row_number() over (
            partition by found.submission_id, found.source_sheet, found.source_row, found.household_key
            order by
                array_position(
                    array['typo', 'fifteen_digit', 'two_households', 'name_village'], found.path_code
                ) asc,
                found.is_name_same desc nulls last
        ) as nth_of_household
    from found

),

left_over as (

    select
        households_found.*,
        count(*) over (
            partition by
                households_found.submission_id, households_found.source_sheet, households_found.source_row,
                households_found.path_code
        ) as candidate_count,
        decisions.is_same as is_decided_same
    from households_found
    left join decisions
        on
            households_found.feed_id = decisions.feed_id
            and households_found.subject = decisions.subject
            and households_found.household_key = decisions.household_key
    where households_found.nth_of_household = 1 and coalesce(decisions.is_same, true)

),

-- What can be told apart by, over how many there are: a number in the order of trust, no probability.
scored as (

    select
        *,
        round(
            case
                when path_code = 'typo' and is_name_same then 0.98
                when path_code = 'typo' and is_name_same is null then 0.70 / candidate_count
                when path_code = 'typo' then 0.10 / candidate_count
                when path_code = 'fifteen_digit' and is_name_same is null then 0.70
                when path_code = 'fifteen_digit' then 0.30
                when path_code = 'two_households' and is_name_same then 0.80
                when path_code = 'two_households' then 0.40
                when is_birth_same then greatest(0.90 / candidate_count, 0.001)
                else greatest(0.60 / candidate_count, 0.001)
            end,
            3
        ) as score,
        array_remove(
            array[
                case when path_code in ('typo', 'fifteen_digit') then 'id_number' end,
                case when is_name_same then 'name' end,
                case when is_village_same then 'village' end,
                case when is_birth_same then 'birth' end
            ],
            null
        ) as evidence
    from left_over

),

final as (

    select
        household_key,
        county_code,
        period,
        feed_id,
        submission_id,
        source_sheet,
        source_row,
        link_status,
        candidate_id_number_hash,
        candidate_name_hash,
        path_code,
        score,
        evidence,
        coalesce(is_decided_same, false) as is_decided,
        row_number() over (
            partition by submission_id, source_sheet, source_row
            order by score desc, household_key asc
        )::integer as candidate_rank
    from scored

)

select * from final
where candidate_rank <= 5
