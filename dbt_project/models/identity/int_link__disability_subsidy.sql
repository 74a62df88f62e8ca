{{ config(meta={'local': true}) }}

{{
    link_feed(
        feed=ref('stg_civil_affairs__disability_subsidy'),
        id_hash='id_number_hash',
        name_hash='person_name_hash',
        path='person',
    )
}}
