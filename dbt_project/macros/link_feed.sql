{#-
    The household of every row of a feed, by the paths of the feed specification (section 2). One row out per row in.

    feed            staging relation
    household_no    column with a household number, or none
    id_hash         column with the keyed hash of an ID number, or none; any member of the household answers to it
    id_usable       condition under which that number may be used (a placeholder links nobody)
    id_raised       condition under which it came with 15 digits, which show no slip: it gives a household only where
                    the name is the one that the register has, and so does a number that the register itself has so
    name_hash       column with the keyed hash of that person's name; a decision knows a row without a number by it
    account_no      column with the number of a meter or account, or none; likewise, and a row without any other key
                    belongs to the household the account was last seen with (dim_account)
    path            name of the ID path: person, head or account

    link_status     linked            one household
                    not_in_register   a usable key, but nobody on the register has it, or a person said: not this one
                    no_key            no household number, and no usable ID number
                    conflict          number and ID point to two households: no household is given
                    ambiguous         the ID alone points to two households
                    unconfirmed       a number of 15 digits alone points to a household, and the name does not agree
    link_path       direct, the path of the ID, fifteen_digit, or decision: a person said so (ops.link_decision), against
                    any other path
    has_household_no   the row states one, right or wrong
    is_number_denied, is_person_denied   a person said: not the household of the stated number, or of the ID
-#}
{% macro link_feed(
    feed, household_no=none, id_hash=none, id_usable="id_link = 'usable'", id_raised="id_link = 'raised'", name_hash=none,
    account_no=none, path=none
) -%}
{%- set is_decidable = id_hash is not none -%}
with

feed as (

    select * from {{ feed }}

),

households as (

    select * from {{ ref('int_household') }}

),

{% if id_hash -%}
persons as (

    select * from {{ ref('int_person_household') }}

),

{% endif -%}
{% if account_no -%}
-- The household that an account was last seen with before this month, where it is still on the register.
accounts as (

    select distinct on (known.county_code, known.account_no)
        known.county_code,
        known.account_no,
        households.household_key
    from {{ ref('stg_published__account') }} as known
    left join households on known.household_key = households.household_key
    where known.account_kind = '{{ feed_id_of(feed).split(".")[0] }}' and known.valid_from < '{{ var("period") }}'
    order by known.county_code asc, known.account_no asc, known.valid_from desc

),

{% endif -%}
{% if is_decidable -%}
decisions as (

    select * from {{ ref('int_link_decision') }}
    where feed_id = '{{ feed_id_of(feed) }}'

),

{% endif -%}
keyed as (

    select
        submission_id,
        source_sheet,
        source_row,
        county_code,
        period,
        {{ household_no or 'null::text' }} as stated_household_no,
        {% if account_no -%}
        {{ account_no }} as stated_account_no,
        {% endif -%}
        {% if is_decidable -%}
        {{ link_subject(
            "case when " ~ id_usable ~ " then " ~ id_hash ~ " end", account_no or 'null::text', name_hash
        ) }} as subject,
        {% endif -%}
        {% if id_hash -%}
        case when {{ id_usable }} or {{ id_raised }} then {{ id_hash }} end as usable_id_hash,
        {{ id_raised }} as is_raised,
        {{ name_hash or 'null::text' }} as stated_name_hash
        {%- else -%}
        null::text as usable_id_hash
        {%- endif %}
    from feed

),

found as (

    select
        keyed.*,
        households.household_key as direct_household_key,
        {%- if id_hash %}
        {{ 'coalesce(persons.household_key, accounts.household_key)' if account_no else 'persons.household_key' }}
            as person_household_key,
        persons.person_key,
        coalesce(persons.is_ambiguous, false) as is_ambiguous,
        coalesce(keyed.is_raised, false) or coalesce(persons.is_raised, false) as is_fifteen_digit,
        coalesce(keyed.stated_name_hash = persons.person_name_hash, false) as is_name_same
        {%- else %}
        null::bigint as person_household_key,
        null::bigint as person_key,
        false as is_ambiguous,
        false as is_fifteen_digit,
        false as is_name_same
        {%- endif %}
    from keyed
    left join households
        on keyed.county_code = households.county_code and keyed.stated_household_no = households.household_no
    {%- if id_hash %}
    left join persons on keyed.county_code = persons.county_code and keyed.usable_id_hash = persons.id_number_hash
    {%- endif %}
    {%- if account_no %}
    left join accounts
        on
            keyed.stated_household_no is null
            and keyed.usable_id_hash is null
            and keyed.county_code = accounts.county_code
            and keyed.stated_account_no = accounts.account_no
    {%- endif %}

),

{% if is_decidable -%}
same as (

    select * from decisions
    where is_same

),

not_same as (

    select * from decisions
    where not is_same

),

-- What a person decided stands above what was found: a household named for good, or one never to be given again.
candidates as (

    select
        found.submission_id,
        found.source_sheet,
        found.source_row,
        found.county_code,
        found.period,
        found.stated_household_no,
        found.usable_id_hash,
        found.person_key,
        found.is_ambiguous,
        found.is_fifteen_digit,
        found.is_name_same,
        same.household_key as decided_household_key,
        not_direct.subject is not null as is_number_denied,
        not_person.subject is not null as is_person_denied,
        case when not_direct.subject is null then found.direct_household_key end as direct_household_key,
        case when not_person.subject is null then found.person_household_key end as person_household_key
    from found
    left join same on found.subject = same.subject
    left join not_same as not_direct
        on found.subject = not_direct.subject and found.direct_household_key = not_direct.household_key
    left join not_same as not_person
        on found.subject = not_person.subject and found.person_household_key = not_person.household_key

),

{% else -%}
candidates as (

    select
        found.*,
        null::bigint as decided_household_key,
        false as is_number_denied,
        false as is_person_denied
    from found

),

{% endif -%}
judged as (

    select
        *,
        case
            when decided_household_key is not null then 'linked'
            when direct_household_key <> person_household_key then 'conflict'
            when direct_household_key is null and is_ambiguous then 'ambiguous'
            when
                direct_household_key is null and person_household_key is not null
                and is_fifteen_digit and not is_name_same then 'unconfirmed'
            when coalesce(direct_household_key, person_household_key) is not null then 'linked'
            when stated_household_no is null and usable_id_hash is null then 'no_key'
            else 'not_in_register'
        end as link_status
    from candidates

),

final as (

    select
        county_code,
        period,
        submission_id,
        source_sheet,
        source_row,
        case
            when link_status = 'linked'
                then coalesce(decided_household_key, direct_household_key, person_household_key)
        end as household_key,
        case
            when
                link_status = 'linked'
                and (not is_fifteen_digit or is_name_same or direct_household_key = person_household_key) then person_key
        end as person_key,
        link_status,
        case
            when link_status <> 'linked' then null
            when decided_household_key is not null then 'decision'
            when direct_household_key is not null then 'direct'
            when is_fifteen_digit then 'fifteen_digit'
            else '{{ path or "direct" }}'
        end as link_path,
        stated_household_no is not null as has_household_no,
        is_number_denied,
        is_person_denied
    from judged

)

select * from final
{%- endmacro %}


{#- department.feed of a staging relation, which is named after it. -#}
{% macro feed_id_of(feed) -%}
    {{ feed.identifier | replace('stg_', '') | replace('__', '.') }}
{%- endmacro %}


{#-
    What a decision knows a row by, in this month and in every later one: its usable ID number; without one the account;
    without that the person's name and the village as the row names it. Tokens, so only ever compared.
-#}
{% macro link_subject(id_hash, account_no, name_hash, township='township_name', village='village_name') -%}
    coalesce(
            'id/' || {{ id_hash }},
            'account/' || {{ account_no }},
            'name/' || {{ name_hash }} || '/' || {{ region_stem(township) }} || '/' || {{ region_stem(village) }}
        )
{%- endmacro %}
