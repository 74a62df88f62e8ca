{#-
    Type-2 versions derived from accepted snapshots by month, not from when a run happened: any order of months, and any
    month built again, gives the same history.

    The month under construction is what is true from that month until the month before the next published one; the
    published versions say what is true outside that window. Both are cut at the window's edges and neighbours that
    say the same are joined again, so that no month is read but this one and closing month 60 costs what month 2 costs.

    present     name of the CTE with this month's rows: key, county_code and attributes
    published   name of the CTE with the versions of the last publication: the same, valid_from, valid_to
    key         columns that name whose version it is, the county aside
    attributes  columns whose change makes a new version

    Only versions that touch the window can change. What ended before the month before it, or begins after the month
    that follows it, is handed on as it is: the history that is over costs a copy, not a sort.

    Needs a CTE `next_published` with one row: next_period, null when no later month is published.
-#}
{% macro versions(present, published, key, attributes) -%}
{%- set keys = key | join(', ') -%}
pieces as (

    select
        {{ keys }},
        county_code,
        {{ attributes | join(',\n        ') }},
        valid_from,
        least(valid_to, {{ month_before("'" ~ var('period') ~ "'") }}) as valid_to
    from {{ published }}
    where
        valid_from < '{{ var("period") }}'
        and valid_to >= {{ month_before("'" ~ var('period') ~ "'") }}
    union all
    select
        {{ keys }},
        {{ published }}.county_code,
        {{ attributes | join(',\n        ') }},
        greatest({{ published }}.valid_from, next_published.next_period) as valid_from,
        {{ published }}.valid_to
    from {{ published }}
    inner join next_published
        on
            {{ published }}.valid_to >= next_published.next_period
            and {{ published }}.valid_from <= next_published.next_period
    union all
    select
        {{ keys }},
        {{ present }}.county_code,
        {{ attributes | join(',\n        ') }},
        '{{ var("period") }}' as valid_from,
        coalesce({{ month_before('next_published.next_period') }}, '{{ end_of_time() }}') as valid_to
    from {{ present }}
    cross join next_published

),

compared as (

    select
        *,
        lag(valid_to) over history as valid_to_before,
        lag(row({{ attributes | join(', ') }})::text) over history as attributes_before,
        row({{ attributes | join(', ') }})::text as attributes_now
    from pieces
    window history as (partition by {{ keys }}, county_code order by valid_from)

),

-- A version begins where something changed, or where the one before ended earlier.
numbered as (

    select
        *,
        count(*) filter (
            where
            attributes_before is distinct from attributes_now
            or valid_to_before is distinct from {{ month_before('valid_from') }}
        ) over (partition by {{ keys }}, county_code order by valid_from) as version_number
    from compared

),

bounded as (

    select
        *,
        min(valid_from) over version as version_from,
        max(valid_to) over version as version_to,
        row_number() over (version order by valid_from) as piece_number
    from numbered
    window version as (partition by {{ keys }}, county_code, version_number)

),

final as (

    select
        {{ keys }},
        county_code,
        version_from as valid_from,
        version_to as valid_to,
        version_to = '{{ end_of_time() }}' as is_current,
        {{ attributes | join(',\n        ') }}
    from bounded
    where piece_number = 1
    union all
    select
        {{ keys }},
        {{ published }}.county_code,
        {{ published }}.valid_from,
        {{ published }}.valid_to,
        {{ published }}.valid_to = '{{ end_of_time() }}' as is_current,
        {{ attributes | join(',\n        ') }}
    from {{ published }}
    cross join next_published
    where
        {{ published }}.valid_to < {{ month_before("'" ~ var('period') ~ "'") }}
        or {{ published }}.valid_from > next_published.next_period

)
{%- endmacro %}


{#- Last month of a version that is still true. -#}
{% macro end_of_time() -%}
    9999-12
{%- endmacro %}


{#- The month before a month written YYYY-MM. NULL stays NULL. -#}
{% macro month_before(month) -%}
    to_char(({{ month }} || '-01')::date - interval '1 month', 'YYYY-MM')
{%- endmacro %}


{#- The month after a month written YYYY-MM. NULL stays NULL. -#}
{% macro month_after(month) -%}
    to_char(({{ month }} || '-01')::date + interval '1 month', 'YYYY-MM')
{%- endmacro %}
