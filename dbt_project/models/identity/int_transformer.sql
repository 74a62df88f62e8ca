{{ config(meta={'replicated': true}) }}

with

transformers as (

    select * from {{ ref('stg_power__transformer') }}

),

link as (

    select * from {{ ref('int_link__transformer') }}

),

final as (

    select
        transformers.county_code,
        transformers.transformer_no,
        link.village_code
    from transformers
    inner join link
        on
            transformers.submission_id = link.submission_id
            and transformers.source_sheet = link.source_sheet
            and transformers.source_row = link.source_row
    where link.village_code is not null

)

select * from final
