{{ config(meta={'local': true}) }}

{{
    link_feed(
        feed=ref('stg_power__connection'),
        household_no='household_no',
        id_hash='holder_id_number_hash',
        name_hash='account_name_hash',
        id_usable="coalesce(id_link, 'usable') = 'usable'",
        account_no='account_no',
        path='account',
    )
}}
