{{ config(meta={'local': true}) }}

{{
    link_feed(
        feed=ref('stg_civil_affairs__dibao'),
        household_no='household_no',
        id_hash='head_id_number_hash',
        name_hash='head_name_hash',
        path='head',
    )
}}
