{{ config(meta={'local': true}) }}

{{
    link_feed(
        feed=ref('stg_civil_affairs__tekun'),
        id_hash='id_number_hash',
        path='person',
    )
}}
