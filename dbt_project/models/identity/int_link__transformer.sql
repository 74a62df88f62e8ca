{{ config(meta={'replicated': true}) }}

{{ link_village(feed=ref('stg_power__transformer')) }}
