{{ config(meta={'distributed_by': 'household_key'}) }}

with

members as (

    select * from {{ ref('stg_register__member') }}

),

households as (

    select * from {{ ref('int_household') }}

),

persons as (

    select * from {{ ref('person_key_map') }}

),

final as (

    select
        households.household_key,
        members.county_code,
        members.period,
        persons.person_key,
        members.relation_code,
        members.id_link,
        members.id_number_hash,
        members.person_name_hash,
        members.birth_from_id as birth_date,
        {{ is_active_member('members.member_change_code') }} as is_active,
        members.submission_id,
        members.source_sheet,
        members.source_row
    from members
    inner join households
        on members.county_code = households.county_code and members.household_no = households.household_no
    inner join persons
        on
            members.id_number_hash = persons.id_number_hash
            and {{ person_authority('members') }} = persons.issuing_authority

)

select * from final
