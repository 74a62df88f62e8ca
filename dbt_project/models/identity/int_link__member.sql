{{ config(meta={'local': true}) }}

{{
    link_feed(
        feed=ref('stg_register__member'),
        household_no='household_no',
    )
}}
