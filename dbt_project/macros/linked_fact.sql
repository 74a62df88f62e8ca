{#-
    A fact at its feed's own grain: the rows that found what they belong to, with the columns worth keeping.

    feed          staging relation
    link          link decisions of that feed, one row per row
    columns       columns of the feed, in the order of the model's contract
    link_columns  columns of the link that the fact carries
    derived       columns worked out of the row: name -> expression over `feed`
    linked_by     column of the link that is null where a row belongs nowhere

    A fact of households carries village and township of the household: who may see a row is decided on the row.
-#}
{% macro linked_fact(feed, link, columns, link_columns=['household_key'], derived={}, linked_by='household_key') -%}
with

feed as (

    select * from {{ feed }}

),

link as (

    select * from {{ link }}
    where {{ linked_by }} is not null

),

{% if linked_by == 'household_key' -%}
households as (

    select
        household_key,
        village_code,
        township_code
    from {{ ref('int_household') }}

),

{% endif -%}

final as (

    select
        {%- for column in link_columns %}
        link.{{ column }},
        {%- endfor %}
        feed.county_code,
        feed.period,
        {%- if linked_by == 'household_key' %}
        households.village_code,
        households.township_code,
        {%- endif %}
        {%- for column in columns %}
        feed.{{ column }},
        {%- endfor %}
        {%- for column, expression in derived.items() %}
        {{ expression }} as {{ column }},
        {%- endfor %}
        feed.source_period,
        feed.is_carried,
        feed.age_periods,
        feed.submission_id,
        feed.source_sheet,
        feed.source_row
    from feed
    inner join link
        on
            {{ same_row('feed', 'link') }}
    {%- if linked_by == 'household_key' %}
    left join households on link.household_key = households.household_key
    {%- endif %}

)

select * from final
{%- endmacro %}
