{#-
    Attributes of the newest month known, this month's rows against those of the last publication: an old month built
    again does not turn a dimension back. Both CTEs have the same columns in the same order; the key is one column.
    `then_by` orders rows of one month, where there can be two.
-#}
{% macro newest(present, published, key, columns, then_by=none) -%}
known as (

    select
        {{ present }}.*,
        1 as precedence
    from {{ present }}
    union all
    select
        {{ published }}.*,
        2 as precedence
    from {{ published }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by {{ key }}
            order by attribute_period desc, precedence asc{{ ', ' ~ then_by if then_by }}
        ) as recency
    from known

),

final as (

    select
        {{ columns | join(',\n        ') }}
    from ranked
    where recency = 1

)
{%- endmacro %}
