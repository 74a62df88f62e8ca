{{ config(meta={'replicated': true}) }}

{{ link_transformer(feed=ref('stg_power__voltage')) }}
