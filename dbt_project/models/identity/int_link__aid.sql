{{ config(meta={'local': true}) }}

{{
    link_feed(
        feed=ref('stg_education__aid'),
        household_no='household_no',
        id_hash='id_number_hash',
        name_hash='person_name_hash',
        path='person',
    )
}}
