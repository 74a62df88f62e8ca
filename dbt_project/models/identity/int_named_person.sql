{{ config(meta={'distributed_by': 'household_key'}) }}

{#- Whom a household's own row names, and what the members' rows say of these people: the two are two feeds. -#}
with

feed as (

    select * from {{ ref('stg_register__household') }}

),

households as (

    select * from {{ ref('int_household') }}

),

memberships as (

    select * from {{ ref('int_membership') }}
    where is_active

),

persons as (

    select distinct
        county_code,
        id_number_hash
    from memberships
    where id_link = 'usable'

),

named as (

    select
        households.household_key,
        households.county_code,
        feed.head_id_number_hash,
        feed.helper_id_number_hash,
        feed.id_link
    from feed
    inner join households
        on
            {{ same_row('feed', 'households') }}

),

listed as (

    select
        named.household_key,
        bool_or(memberships.id_number_hash = named.head_id_number_hash and memberships.relation_code = '02') as as_head,
        bool_or(memberships.id_number_hash = named.head_id_number_hash) as as_member,
        bool_or(memberships.relation_code = '02' and memberships.id_link <> 'usable') as is_unsure
    from named
    inner join memberships on named.household_key = memberships.household_key
    group by named.household_key

),

final as (

    select
        named.household_key,
        case
            when listed.as_head then 'head'
            when listed.as_member then 'member'
            -- a number that is none, or an old one, may be the same person's
            when named.id_link = 'usable' and not listed.is_unsure then 'nobody'
        end as head_listed_as,
        case when named.helper_id_number_hash is not null then persons.id_number_hash is not null end
            as is_helper_registered
    from named
    left join listed on named.household_key = listed.household_key
    left join persons
        on named.county_code = persons.county_code and named.helper_id_number_hash = persons.id_number_hash

)

select * from final
