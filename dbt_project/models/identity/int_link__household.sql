{{ config(meta={'local': true}) }}

{{
    link_feed(
        feed=ref('stg_register__household'),
        household_no='household_no',
    )
}}
