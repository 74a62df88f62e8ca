{{ config(meta={'replicated': true}) }}

{{ link_village(feed=ref('stg_water__scheme')) }}
