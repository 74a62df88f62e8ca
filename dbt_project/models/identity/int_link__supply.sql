{{ config(meta={'local': true}) }}

{{
    link_feed(
        feed=ref('stg_water__supply'),
        household_no='household_no',
        id_hash='head_id_number_hash',
        name_hash='head_name_hash',
        path='head',
    )
}}
