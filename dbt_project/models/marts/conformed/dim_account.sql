{%- set attributes = [
    'household_key',
] -%}

with

accounts as (

    select * from {{ ref('stg_power__connection') }}

),

link as (

    select * from {{ ref('int_link__connection') }}
    where household_key is not null

),

published as (

    select * from {{ ref('stg_published__account') }}

),

next_published as (

    select * from {{ ref('int_next_published') }}

),

-- Rows that name the household or its holder: an account that was itself found through here proves nothing.
named as (

    select
        'power' as account_kind,
        accounts.account_no,
        accounts.county_code,
        link.household_key
    from accounts
    inner join link
        on
            {{ same_row('accounts', 'link') }}
    where accounts.household_no is not null or accounts.holder_id_number_hash is not null

),

present as (

    select
        account_kind,
        account_no,
        county_code,
        min(household_key) as household_key
    from named
    group by account_kind, account_no, county_code
    having count(distinct household_key) = 1

),

{{ versions(present='present', published='published', key=['account_kind', 'account_no'], attributes=attributes) }}

select * from final
