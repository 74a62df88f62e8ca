{#-
    What every staging view of a feed is: the rows of the one submission that this build reads, columns as in the
    contract, with the month they stand for.
-#}
{% macro pinned_feed(feed) -%}
with

feed as (

    select * from {{ feed }}

),

pinned as (

    select * from {{ ref('base_ops__build_input') }}

),

final as (

    select
        feed.*,
        pinned.period,
        pinned.source_period,
        pinned.is_carried,
        pinned.age_periods
    from feed
    inner join pinned on feed.submission_id = pinned.submission_id

)

select * from final
{%- endmacro %}


{#- A row is known by the file it came with and its place in it. -#}
{% macro same_row(left, right) -%}
    {{ left }}.submission_id = {{ right }}.submission_id
            and {{ left }}.source_sheet = {{ right }}.source_sheet
            and {{ left }}.source_row = {{ right }}.source_row
{%- endmacro %}
