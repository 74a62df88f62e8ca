{#- Links of feeds whose rows are no household's: pipes and wires belong to villages and transformer districts. -#}

{#-
    The village of every row: its division code, else its name within its township where one village alone has the name.
    One row out per row in. link_status: linked, unknown_place.
-#}
{% macro link_village(feed) -%}
with

feed as (

    select * from {{ feed }}

),

villages as (

    select * from {{ ref('int_region') }}
    where level_code = 'village'

),

village_names as (

    select * from {{ ref('int_village_name') }}

),

placed as (

    select
        feed.county_code,
        feed.period,
        feed.submission_id,
        feed.source_sheet,
        feed.source_row,
        coalesce(villages.village_code, village_names.village_code) as village_code
    from feed
    left join villages on feed.region_code = villages.village_code
    left join village_names
        on
            {{ region_stem('feed.township_name') }} = village_names.township_stem
            and {{ region_stem('feed.village_name') }} = village_names.village_stem

),

final as (

    select
        *,
        case when village_code is null then 'unknown_place' else 'linked' end as link_status
    from placed

)

select * from final
{%- endmacro %}


{#-
    The transformer district of every row, by its number on this month's roll, and through it the village.
    One row out per row in. link_status: linked, unknown_transformer.
-#}
{% macro link_transformer(feed) -%}
with

feed as (

    select * from {{ feed }}

),

transformers as (

    select * from {{ ref('int_transformer') }}

),

placed as (

    select
        feed.county_code,
        feed.period,
        feed.submission_id,
        feed.source_sheet,
        feed.source_row,
        transformers.transformer_no as linked_transformer_no,
        transformers.village_code
    from feed
    left join transformers on feed.transformer_no = transformers.transformer_no

),

final as (

    select
        *,
        case when linked_transformer_no is null then 'unknown_transformer' else 'linked' end as link_status
    from placed

)

select * from final
{%- endmacro %}
